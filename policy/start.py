"""Starts the pack with the configuration that stands on standard input."""

import os
import runpy
import sys

if __name__ == "__main__":
    # Where Pulumi looks for it. What is set here does not show in the environment of the process.
    os.environ["PULUMI_CONFIG"] = sys.stdin.read().strip() or "{}"
    runpy.run_module("pulumi.policy", run_name="__main__", alter_sys=True)
