# SPDX-License-Identifier: Apache-2.0
"""The names that the import gives are those that the Backstage plugin asks for."""

from harness.dorad import run

COMPONENT = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: checkout
  namespace: shop
  annotations: {{github.com/project-slug: acme/checkout{more}}}
spec: {{owner: group:default/payments, lifecycle: production}}
"""


def imported(tmp_path, more):
    path = tmp_path / "catalog-info.yaml"
    path.write_text(COMPONENT.format(more=more))
    return run("catalog", "import", path).stdout


def test_a_component_is_the_service_of_its_name(tmp_path):
    assert "- name: checkout\n" in imported(tmp_path, "")


def test_a_component_that_says_which_service_it_is_is_that_one(tmp_path):
    assert "- name: checkout-api\n" in imported(tmp_path, ", dorad/service: checkout-api")
