# SPDX-License-Identifier: Apache-2.0
"""The example consumer in Node, with what it needs from npm."""

import os
import shutil
import subprocess

from harness.dorad import ROOT
from harness.forward import check_consumer


def test_what_the_sink_refused_is_forwarded_again_and_only_then_acknowledged(redis, tmp_path):
    for name in ("forward.mjs", "package.json"):
        shutil.copy(os.path.join(ROOT, "contrib", "examples", name), tmp_path)
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=tmp_path,
                   check=True, stdout=subprocess.DEVNULL)
    check_consumer(["node", str(tmp_path / "forward.mjs")], redis.client(), redis.socket)
