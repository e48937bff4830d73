"""The unit, the manifests, the alerts and the board of serving/deploy: each holds before its own tool, and together."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from serving.contract.failures import LogUnavailableError
from serving.contract.routes import ROUTES
from serving.log.outage import LogOutage
from serving.storage.settings import PREFIX, Settings
from tests.places import ROOT
from tests.serving.requests import EXAMPLE
from tests.serving.servers import KAP, Server
from training.cli.options.errors import STORE, USER
from training.decisions.location import LOCATION

DEPLOY = ROOT / "serving" / "deploy"
MOST_EXPOSURE = 2.0
"""Of 10, by systemd's own measure; a unit without any protection has 9.6."""
KINDS = ["Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"]


def tool(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: apt-get install {package}")
    return found


def said(*command: str | Path) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def settings_in(text: str) -> set[str]:
    return set(re.findall(r"\bKAP_[A-Z_]+", text))


def test_the_guide_names_every_file_and_no_other() -> None:
    listed = set(re.findall(r"`([\w.-]+)`", (DEPLOY / "README.md").read_text(encoding="utf-8").partition("## On")[0]))
    assert listed == {path.name for path in DEPLOY.iterdir()} - {"README.md"}


@pytest.mark.parametrize("path", sorted(DEPLOY.iterdir()), ids=lambda path: path.name)
def test_every_setting_that_a_file_names_is_one(path: Path) -> None:
    known = {(PREFIX + name).upper() for name in Settings.model_fields} | {LOCATION}  # the promotion's own
    assert settings_in(path.read_text(encoding="utf-8")) <= known


def test_systemd_has_nothing_to_correct_in_the_unit_and_finds_it_closed(tmp_path: Path) -> None:
    analyze = tool("systemd-analyze", "systemd")
    unit = tmp_path / "kap.service"
    written = (DEPLOY / "kap.service").read_text(encoding="utf-8")
    assert "/opt/kap/.venv/bin/kap serve" in written
    assert f"RestartPreventExitStatus={USER} {STORE}\n" in written
    unit.write_text(written.replace("/opt/kap/.venv/bin/kap", str(KAP)))
    assert said(analyze, "verify", "--man=no", unit) == (0, "")
    _, measured = said(analyze, "security", "--offline=yes", "--no-pager", unit)
    (exposure,) = re.findall(r"Overall exposure level for kap\.service: ([\d.]+)", measured)
    assert float(exposure) <= MOST_EXPOSURE


def manifests() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8")))


@pytest.mark.parametrize("version", ["1.30", kubernetes_validate.latest_version()])
def test_the_manifests_are_valid_by_kubernetes_own_schemas(version: str) -> None:
    assert [document["kind"] for document in manifests()] == KINDS
    for document in manifests():
        kubernetes_validate.validate(document, version, strict=True)


def test_the_manifests_belong_together() -> None:
    deployment, service, budget, policy = manifests()
    pod = deployment["spec"]["template"]
    labels = pod["metadata"]["labels"]
    for selector in (
        deployment["spec"]["selector"]["matchLabels"],
        service["spec"]["selector"],
        budget["spec"]["selector"]["matchLabels"],
        policy["spec"]["podSelector"]["matchLabels"],
    ):
        assert selector == labels
    (container,) = pod["spec"]["containers"]
    (port,) = container["ports"]
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]
    assert {one["port"] for rule in policy["spec"]["ingress"] for one in rule["ports"]} == {port["containerPort"]}
    for check in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[check]["httpGet"]["path"] in ROUTES
    assert {one["name"] for one in container["volumeMounts"]} == {one["name"] for one in pod["spec"]["volumes"]}
    mounted = {one["mountPath"] for one in container["volumeMounts"]}
    set_to = {one["name"]: one.get("value") for one in container["env"]}
    assert None not in set_to.values(), "a secret is a mounted file, not a part of the environment"
    assert {str(Path(value).parent) for value in set_to.values() if value.startswith("/")} <= mounted
    assert budget["spec"]["minAvailable"] < deployment["spec"]["replicas"]


def test_the_pods_may_do_no_more_than_the_restricted_standard_allows() -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"""
    spec = manifests()[0]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {key for volume in spec["volumes"] for key in volume} == {"name", "emptyDir", "secret"}


def test_the_alerts_are_rules_of_prometheus() -> None:
    promtool = tool("promtool", "prometheus")
    code, printed = said(promtool, "check", "rules", DEPLOY / "alerts.yml")
    assert (code, "SUCCESS" in printed) == (0, True), printed
    code, printed = said(promtool, "check", "config", "--syntax-only", DEPLOY / "prometheus.yml")
    assert code == 0, printed


def test_alert_and_board_measure_every_way_to_one_prediction() -> None:
    ways = [route.path for route in ROUTES.values() if (route.scope, route.body) == ("predict", "one")]
    assert len(ways) > 1
    for name in ("alerts.yml", "grafana.json"):
        text = (DEPLOY / name).read_text(encoding="utf-8").replace("\\", "")
        measured = re.findall(r'kap_request_seconds_bucket\{[^}]*path=~?"([^"]+)"', text)
        assert measured
        for pattern in measured:
            assert all(re.fullmatch(pattern, way) for way in ways), name


def test_the_alert_of_the_log_names_the_lines_of_an_outage(caplog: pytest.LogCaptureFixture) -> None:
    (action,) = (rule["annotations"]["action"] for rule in alerts() if rule["alert"] == "KapLogDown")
    (pattern,) = re.findall(r'"(.+)"', action)
    times = iter([0.0, 60.0])
    outage = LogOutage(clock=lambda: next(times))
    for _ in range(2):
        outage.failed("written", LogUnavailableError("its disk is full"))
    assert len(caplog.messages) == 2
    assert all(re.search(pattern, line) for line in caplog.messages)


SERIES = {
    "KapDown": [('up{job="kap",instance="a"}', "0x40")],
    "KapLogDown": [('kap_log_up{instance="a"}', "0x40")],
    "KapServerErrors": [
        ('kap_requests_total{instance="a",status="503"}', "0+60x40"),
        ('kap_requests_total{instance="a",status="200"}', "0+60x40"),
    ],
    "KapSlow": [
        ('kap_request_seconds_bucket{instance="a",path="/v1/predict",le="1.0"}', "0+6x40"),
        ('kap_request_seconds_bucket{instance="a",path="/v1/predict",le="2.5"}', "0+60x40"),
        ('kap_request_seconds_bucket{instance="a",path="/v1/predict",le="+Inf"}', "0+60x40"),
    ],
    "KapModelRefused": [('kap_newest_model_refused{instance="a"}', "1x40")],
    "KapWorkersRestart": [('kap_worker_restarts_total{instance="a",worker="1"}', "0+1x40")],
    "KapKeysTried": [('kap_requests_total{instance="a",status="401"}', "0+60x40")],
}
"""What Prometheus sees each minute for forty minutes while each thing goes wrong."""
WELL = [
    ('up{job="kap",instance="a"}', "1x40"),
    ('kap_log_up{instance="a"}', "1x40"),
    ('kap_requests_total{instance="a",status="200"}', "0+60x40"),
    ('kap_requests_total{instance="a",status="503"}', "0x40"),
    ('kap_requests_total{instance="a",status="401"}', "0+1x40"),
    ('kap_request_seconds_bucket{instance="a",path="/v1/predict",le="1.0"}', "0+60x40"),
    ('kap_request_seconds_bucket{instance="a",path="/v1/predict",le="+Inf"}', "0+60x40"),
    ('kap_newest_model_refused{instance="a"}', "0x40"),
    ('kap_worker_restarts_total{instance="a",worker="1"}', "1x40"),
]


def rule_test(series: list[tuple[str, str]], called: dict[str, bool]) -> dict[str, Any]:
    """A test for `promtool`: which alerts call somebody after half an hour."""
    rules = {rule["alert"]: rule for rule in alerts()}
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series],
        "alert_rule_test": [
            {
                "eval_time": "30m",
                "alertname": name,
                "exp_alerts": [
                    {"exp_labels": labels_of(name, rules[name]), "exp_annotations": rules[name]["annotations"]}
                ]
                if fires
                else [],
            }
            for name, fires in called.items()
        ],
    }


def alerts() -> list[dict[str, Any]]:
    document = yaml.safe_load((DEPLOY / "alerts.yml").read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def labels_of(name: str, rule: dict[str, Any]) -> dict[str, str]:
    return rule["labels"] | {"instance": "a"} | ({"job": "kap"} if name == "KapDown" else {})


def test_each_alert_calls_when_its_thing_goes_wrong_and_not_while_all_is_well(tmp_path: Path) -> None:
    promtool = tool("promtool", "prometheus")
    assert [rule["alert"] for rule in alerts()] == list(SERIES)
    document = {
        "rule_files": [str(DEPLOY / "alerts.yml")],
        "evaluation_interval": "1m",
        "tests": [rule_test(WELL, dict.fromkeys(SERIES, False))]
        + [rule_test(series, {name: True}) for name, series in SERIES.items()],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(document))
    code, printed = said(promtool, "test", "rules", tmp_path / "test.yml")
    assert code == 0, printed


def board() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))
    return found


def expressions() -> list[str]:
    return [target["expr"] for panel in board()["panels"] for target in panel["targets"]]


def test_the_board_has_panels_side_by_side_and_one_source_of_data() -> None:
    panels = board()["panels"]
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)
    squares = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(squares)) == len(squares)
    assert max(x for x, _ in squares) < 24
    assert {panel["datasource"]["uid"] for panel in panels} == {"${datasource}"}
    assert [variable["name"] for variable in board()["templating"]["list"]] == ["datasource", "instance"]


def test_the_board_asks_in_the_language_of_prometheus(tmp_path: Path) -> None:
    promtool = tool("promtool", "prometheus")
    plain = [one.replace("$__rate_interval", "5m").replace("$instance", ".*") for one in expressions()]
    rules = [{"record": f"board:{number}", "expr": expression} for number, expression in enumerate(plain)]
    (tmp_path / "board.yml").write_text(yaml.safe_dump({"groups": [{"name": "board", "rules": rules}]}))
    code, printed = said(promtool, "check", "rules", tmp_path / "board.yml")
    assert code == 0, printed


def test_every_metric_that_an_alert_or_the_board_names_exists(server: Server) -> None:
    server.client.post("/v1/predict", json=EXAMPLE).raise_for_status()
    asked = "\n".join([*expressions(), *(rule["expr"] for rule in alerts())])
    page = server.client.get("/metrics").text
    named = set(re.findall(r"\b(?:kap|process)_\w+", asked))
    assert len(named) > 10
    assert not {name for name in named if not re.search(rf"^{name}[{{ ]", page, re.MULTILINE)}


def test_a_command_by_hand_has_the_settings_and_the_user_of_the_unit(tmp_path: Path) -> None:
    fake = tmp_path / "systemd-run"
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    fake.chmod(0o755)
    done = subprocess.run(
        [DEPLOY / "kap.sh", "log", "erase", "two words"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    words = done.stdout.splitlines()
    unit = (DEPLOY / "kap.service").read_text(encoding="utf-8")
    settings = " ".join(re.findall(r"^Environment=(.*)", unit, re.MULTILINE))
    given = [word.removeprefix("--setenv=") for word in words if word.startswith("--setenv=")]
    of_the_server = ("KAP_LOG_FORMAT=", "KAP_MOST_CONNECTIONS_PER_ADDRESS=")
    assert given == [one for one in settings.split() if not one.startswith(of_the_server)]
    for name in ("UMask", "EnvironmentFile"):
        (value,) = re.findall(rf"^{name}=(.*)", unit, re.MULTILINE)
        assert f"--property={name}={value}" in words
    assert {"--uid=kap", "--gid=kap"} <= set(words)
    (program,) = re.findall(r"^ExecStart=(\S+)", unit, re.MULTILINE)
    assert words[-4:] == [program, "log", "erase", "two words"]
