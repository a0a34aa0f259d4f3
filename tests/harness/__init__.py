# SPDX-License-Identifier: Apache-2.0
"""Real servers for tests: private, in a temporary folder, stopped by process id."""
