"""Configuration, workers, and the alert that always fires."""

from __future__ import annotations

from gatewayd.monitoring.cases.case import Case, fires


def cases(job: str) -> tuple[Case, ...]:
    """Each alert of the group, on both sides of its wait."""
    return (
        fires(
            "ConfigReloadFailed",
            "one of two gateways refuses a reload",
            [
                ('gatewayd_config_last_reload_successful{S,instance="a:9464"}', "1x2 0x10"),
                ('gatewayd_config_last_reload_successful{S,instance="b:9464"}', "1x13"),
            ],
            silent=("7m",),
            at="8m",
            job=job,
            labels={"instance": "a:9464"},
            told=(
                "a:9464 refused its new configuration",
                "The last reload failed, and the configuration before it is still in use. What was changed is not in"
                " effect.",
            ),
        ),
        fires(
            "ConfigDrift",
            "one of three was left out",
            [
                ('gatewayd_config_info{S,instance="a:9464",hash="one"}', "1x20"),
                ('gatewayd_config_info{S,instance="b:9464",hash="one"}', "1x20"),
                ('gatewayd_config_info{S,instance="c:9464",hash="two"}', "1x20"),
            ],
            silent=("14m",),
            at="15m",
            job=job,
            labels={},
            told=(
                f"The gateways of {job} run 2 different configurations",
                "They have done so for 15 minutes. Clients get different answers depending on which gateway they meet.",
            ),
        ),
        fires(
            "WorkerCrashLooping",
            "four workers die in four minutes, of two causes",
            [
                ('gatewayd_worker_restarts_total{S,instance="a:9464",reason="signal"}', "0 1 2 3 3 3x10"),
                ('gatewayd_worker_restarts_total{S,instance="a:9464",reason="watchdog"}', "0 0 0 0 1 1x10"),
            ],
            silent=("3m",),
            at="4m",
            job=job,
            labels={"instance": "a:9464"},
            told=(
                "Workers of a:9464 keep dying",
                "4 workers were replaced within 15 minutes. Each took the requests it had with it.",
            ),
        ),
        fires(
            "Watchdog",
            "always, also where there is nothing else",
            [],
            at="0m",
            job="",
            labels={},
            told=(
                "Alerts of gatewayd reach their receivers",
                "This alert always fires. Alertmanager passes it on to a dead man's switch, which calls somebody when"
                " it stops coming.",
            ),
        ),
    )
