"""The workflows keep the promises that a release by CI rests on."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.__main__ import arguments
from tests.unit.stack_files import ROOT

FOLDER = ROOT / ".github/workflows"
FILES = sorted(FOLDER.glob("*.yml"))
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
CRM = (FOLDER / "crm.yml").read_text(encoding="utf-8")
JOBS: dict[str, Any] = yaml.safe_load(CRM)["jobs"]
KEY_AWAY = {"name": "Take the key away", "if": "always()", "run": "rm -f ~/.ssh/estate"}
STACK = "${{ github.ref_name == 'main' && 'prod' || 'staging' }}"


def steps(job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = JOBS[job]["steps"]
    return found


def step(name: str) -> dict[str, Any]:
    (found,) = [one for one in steps("release") if one.get("name") == name]
    return found


def action(job: str, name: str) -> dict[str, Any]:
    (found,) = [one for one in steps(job) if one.get("uses", "").startswith(f"{name}@")]
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_action_is_pinned_by_its_commit_with_its_version_beside(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    used = [line.strip(" -") for line in text.splitlines() if re.match(r" +-? *uses: ", line)]
    assert used
    assert [line for line in used if not PINNED.fullmatch(line)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_is_permitted_but_what_a_job_names(file: Path) -> None:
    workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        writes = {name for name, level in job["permissions"].items() if level != "read"}
        assert writes <= {"packages", "pull-requests", "issues"}
        assert job["timeout-minutes"] > 0


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_checkout_keeps_no_credentials(file: Path) -> None:
    for job in yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].values():
        for one in job["steps"]:
            if one.get("uses", "").startswith("actions/checkout@"):
                assert one["with"]["persist-credentials"] is False


def jobs_of(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"]
    return found


def operations(file: Path) -> Iterator[list[str]]:
    """Arguments of each call of this project, its variables as they stand."""
    for job in jobs_of(file).values():
        for one in job["steps"]:
            for line in one.get("run", "").splitlines():
                if ".venv/bin/python -m ops " in line:
                    call = re.split(r" (?:>|\|\|)", line.partition("-m ops ")[2])[0]
                    yield shlex.split(call)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_is_checked_out_besides_is_pinned_too(file: Path) -> None:
    for job in jobs_of(file).values():
        for one in job["steps"]:
            given = one.get("with", {})
            if "repository" in given and not given["repository"].startswith("${{ inputs.estate"):
                assert re.fullmatch(r"[0-9a-f]{40}", given["ref"])


def test_every_operation_that_a_workflow_calls_is_known_with_its_options() -> None:
    called = [one for file in FILES for one in operations(file)]
    names = {one[0] for one in called}
    assert {"preview", "comment", "touched", "drift", "up", "pin"} <= names
    for one in called:
        number = ["1" if part == "$PULL" else part for part in one]
        assert arguments().parse_args(number).run


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_code_of_a_fork_never_meets_a_secret(file: Path) -> None:
    workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
    events = workflow[True]  # YAML 1.1 takes `on` for yes
    assert "pull_request_target" not in events
    assert "workflow_run" not in events
    if "pull_request" not in events:
        return
    for job in workflow["jobs"].values():
        if "secrets." in str(job) or "environment" in job:
            assert "head.repo.full_name == github.repository" in job["if"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_secret_reaches_single_steps_and_no_script_has_a_value_written_into_it(
    file: Path,
) -> None:
    for job in jobs_of(file).values():
        above = {name: value for name, value in job.items() if name != "steps"}
        assert "secrets." not in str(above)
        for one in job["steps"]:
            assert "${{" not in one.get("run", "")
            given = {*one.get("env", {}).values(), *map(str, one.get("with", {}).values())}
            held = [value for value in given if "secrets." in value]
            assert str(one).count("secrets.") == len(held)
    text = file.read_text(encoding="utf-8")
    for word in ("set -x", "--verbose", "--show-secrets", "--logtostderr", "printenv"):
        assert word not in text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_secrets_that_are_to_be_made_are_named(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    head = text.partition("\nname:")[0]
    if "secrets of deploy.yml" in head:
        head += (FOLDER / "deploy.yml").read_text(encoding="utf-8").partition("\nname:")[0]
    used = set(re.findall(r"secrets\.(\w+)", text)) - {"GITHUB_TOKEN"}
    assert used <= set(re.findall(r"[A-Z][A-Z_]+", head))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_key_for_hosts_is_taken_away_whatever_happened(file: Path) -> None:
    for job in jobs_of(file).values():
        if "SSH_KEY" in str(job):
            assert job["steps"][-1] == KEY_AWAY


@pytest.mark.parametrize("name", ["deploy", "drift", "drill"])
def test_what_touches_a_stack_waits_for_what_touches_the_same(name: str) -> None:
    (job,) = jobs_of(FOLDER / f"{name}.yml").values()
    stack = job["env"]["STACK"]
    assert job["concurrency"] == {"group": f"{name}-{stack}", "cancel-in-progress": False}
    assert stack in job["environment"]["name"]


def test_staging_is_deployed_from_develop_and_production_from_main_behind_its_environment() -> None:
    workflow = yaml.safe_load((FOLDER / "deploy.yml").read_text(encoding="utf-8"))
    assert workflow[True]["push"] == {"branches": ["main", "develop"]}
    (job,) = workflow["jobs"].values()
    assert job["environment"] == {"name": STACK}
    (update,) = [one["run"] for one in job["steps"] if one.get("name") == "Update"]
    assert update.splitlines()[-1] == '.venv/bin/python -m ops up "$STACK"'


def test_an_image_of_erpnext_has_its_apps_as_a_secret_and_becomes_a_pull_request() -> None:
    jobs = jobs_of(FOLDER / "erpnext.yml")
    (push,) = [one for one in jobs["image"]["steps"] if one.get("id") == "push"]
    given = push["with"]
    assert given["secret-files"] == "apps_json=${{ runner.temp }}/apps.json"
    assert "apps" not in given["build-args"].lower()
    assert given["tags"].splitlines() == [
        "${{ inputs.image }}:${{ github.sha }}",
        "${{ inputs.image }}:${{ inputs.tag }}",
    ]
    assert jobs["pin"]["env"]["IMAGE"] == "${{ needs.image.outputs.reference }}"
    assert jobs["image"]["outputs"]["reference"].endswith("@${{ steps.push.outputs.digest }}")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_failure_is_passed_over(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for word in ("|| true", "continue-on-error", "set +e"):
        assert word not in text


def test_only_pushing_the_image_may_write_anything_to_the_forge() -> None:
    assert JOBS["test"]["permissions"] == {"contents": "read"}
    assert JOBS["image"]["permissions"] == {"contents": "read", "packages": "write"}
    assert JOBS["release"]["permissions"] == {"contents": "read"}


def test_tests_come_first_then_the_image_then_the_release() -> None:
    assert [one["run"] for one in steps("test") if "run" in one] == [
        *("npm ci", "npm run lint", "npm run type-check", "npm test")
    ]
    assert "needs" not in JOBS["test"]
    assert JOBS["image"]["needs"] == "test"
    assert JOBS["release"]["needs"] == "image"


def test_only_the_two_branches_are_built_and_never_a_pull_request() -> None:
    assert JOBS["image"]["if"] == (
        "github.event_name != 'pull_request'"
        """ && contains(fromJSON('["main", "develop"]'), github.ref_name)"""
    )


def test_the_image_is_handed_on_by_its_digest_with_its_provenance() -> None:
    push = action("image", "docker/build-push-action")
    assert push["id"] == "push"
    assert push["with"]["push"] is True
    assert push["with"]["provenance"] == "mode=max"
    assert JOBS["image"]["outputs"] == {
        "reference": "${{ inputs.image }}@${{ steps.push.outputs.digest }}"
    }
    assert JOBS["release"]["env"]["IMAGE"] == "${{ needs.image.outputs.reference }}"


def test_each_branch_has_its_stack_and_its_environment() -> None:
    release = JOBS["release"]
    assert release["environment"] == STACK
    assert release["env"]["STACK"] == STACK
    for stack in ("prod", "staging"):
        file = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
        assert "estate:crm" in file["config"]


def test_releases_of_one_stack_wait_for_each_other_and_none_is_cancelled() -> None:
    assert JOBS["release"]["concurrency"] == {"group": f"crm-{STACK}", "cancel-in-progress": False}


def test_a_release_is_a_digest_in_the_stack_file_and_an_update_by_this_project() -> None:
    assert (
        'pulumi config set --stack "$STACK" --path estate:crm.image "$IMAGE"'
        in (step("Set the digest")["run"])
    )
    assert step("Release")["run"].splitlines()[-1] == '.venv/bin/python -m ops up "$STACK"'
    assert action("release", "actions/checkout")["with"]["repository"] == "${{ inputs.estate }}"


def test_a_digest_is_kept_only_after_it_was_released() -> None:
    names = [one.get("name") for one in steps("release")]
    assert names.index("Release") < names.index("Keep the digest")
    assert "if" not in step("Release")
    assert "if" not in step("Keep the digest")


def test_the_end_is_reported_and_the_key_taken_away_whatever_happened() -> None:
    assert step("Report")["if"] == "always()"
    assert "GITHUB_STEP_SUMMARY" in step("Report")["run"]
    assert steps("release")[-1]["if"] == "always()"
    assert steps("release")[-1]["run"] == "rm -f ~/.ssh/estate"


def test_the_host_is_known_by_the_key_in_the_stack_file_alone() -> None:
    for word in ("StrictHostKeyChecking", "ssh-keyscan", "known_hosts"):
        assert word not in CRM
