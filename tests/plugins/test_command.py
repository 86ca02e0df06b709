"""command:local:Command, through the real engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.plugins.project import Project

IMPORT = "from pulumi_command import local\n"


def test_a_command_runs_once_and_gives_its_output(project: Project, tmp_path: Path) -> None:
    log = tmp_path / "runs"
    project.must_up(
        IMPORT
        + f"""
done = local.Command("step", create="cat; echo $WHO; pwd; echo oops >&2; echo x >> {log}",
    environment={{"WHO": "ana"}}, stdin="in\\n", dir="/usr", interpreter=["/bin/sh", "-c"])
pulumi.export("out", done.stdout)
"""
    )
    outputs = project.state("step")["outputs"]
    assert outputs["stdout"] == "in\nana\n/usr"
    assert outputs["stderr"] == "oops"
    project.must_be_settled()
    project.must_up()
    assert log.read_text() == "x\n"


def test_a_changed_input_updates_and_a_changed_trigger_replaces(
    project: Project, tmp_path: Path
) -> None:
    log = tmp_path / "runs"

    def program(word: str, trigger: str) -> str:
        return (
            IMPORT
            + f"""
local.Command("step", create="echo create $WORD $PULUMI_COMMAND_STDOUT | tee -a {log}",
    delete="echo delete $WORD $PULUMI_COMMAND_STDOUT >> {log}",
    environment={{"WORD": "{word}"}}, triggers=["{trigger}", 1, {{"a": True}}])
"""
        )

    project.must_up(program("one", "t1"))
    assert project.plan(program("two", "t1"))["step"]["op"] == "update"
    project.must_up()
    assert project.state("step")["outputs"]["stdout"] == "create two create one"
    assert project.plan(program("two", "t2"))["step"]["op"] == "replace"
    project.must_up()
    assert log.read_text().splitlines() == [
        "create one",
        "create two create one",
        "create two",
        "delete two create two create one",
    ]


def test_update_runs_its_own_command(project: Project) -> None:
    program = IMPORT + 'local.Command("step", create="echo made", update="echo changed $N", {})'
    project.must_up(program.format('environment={"N": "1"}'))
    project.must_up(program.format('environment={"N": "2"}'))
    assert project.state("step")["outputs"]["stdout"] == "changed 2"


def test_outputs_are_unknown_while_the_command_has_not_run(project: Project) -> None:
    program = """
first = local.Command("first", create="echo a {0}")
second = local.Command("second", create=first.stdout.apply(lambda text: "echo " + text))
"""
    plan = project.plan(IMPORT + program.format(1))
    assert {plan["first"]["op"], plan["second"]["op"]} == {"create"}
    project.must_up()
    assert project.state("second")["outputs"]["stdout"] == "a 1"
    plan = project.plan(IMPORT + program.format(2))
    assert {plan["first"]["op"], plan["second"]["op"]} == {"update"}


def test_a_failed_create_is_not_recorded_and_says_why(project: Project) -> None:
    run = project.up(IMPORT + 'local.Command("step", create="echo why >&2; exit 3")')
    assert run.code != 0
    assert "exit status 3" in run.output
    assert "why" in run.output
    assert not [
        one
        for one in json.loads(project.export())["deployment"].get("resources", [])
        if one["urn"].endswith("::step")
    ]


def test_a_failed_update_keeps_the_old_state(project: Project) -> None:
    project.must_up(IMPORT + 'local.Command("step", create="echo good")')
    run = project.up(IMPORT + 'local.Command("step", create="echo bad; exit 1")')
    assert run.code != 0
    assert project.state("step")["inputs"]["create"] == "echo good"
    assert project.plan()["step"]["op"] == "update"
    project.must_up(IMPORT + 'local.Command("step", create="echo better")')
    assert project.state("step")["outputs"]["stdout"] == "better"


def test_secrets_do_not_reach_the_state_in_clear(project: Project) -> None:
    project.must_up(
        IMPORT
        + """
local.Command("step", create="cat; echo $KEY", logging=local.Logging.NONE,
    environment={"KEY": pulumi.Output.secret("planted-one")},
    stdin=pulumi.Output.secret("planted-two"),
    opts=pulumi.ResourceOptions(additional_secret_outputs=["stdout"]))
"""
    )
    assert "planted" not in project.export()
    assert "plaintext" in project.state("step")["outputs"]["environment"]["KEY"]
    project.must_be_settled()


def test_a_mistyped_property_is_refused(project: Project) -> None:
    run = project.up(
        """
pulumi.CustomResource("command:local:Command", "step", {"creat": "true"},
    pulumi.ResourceOptions(version="1.2.1"))
"""
    )
    assert run.code != 0
    assert "creat" in run.output
