"""`kap demo`: demonstrations with synthetic patients; each runs on this machine only."""

from pathlib import Path

import click

from training.cli.options.errors import FOLDER, USER, Group, answers_for_mistakes


@click.group("demo", cls=Group)
def demo_group() -> None:
    """Try the service with synthetic patients, on this machine only."""


@demo_group.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the mock EHR; default: a free one.")
@click.option("--folder", type=FOLDER, default=Path("demo-clinic"), show_default=True, help="Folder of all its files.")
@answers_for_mistakes
def clinic(port: int, folder: Path) -> None:
    """Start the service and a mock EHR that asks it, with three synthetic patients, until Ctrl-C.

    The mock EHR is a web page, a FHIR R4 server in memory and a CDS Hooks client. The first start makes a model from a
    synthetic cohort, which takes some minutes; a later start uses it again, as it uses the model of `make demo` in
    ./demo. Both servers listen on 127.0.0.1 only. No browser is opened: the command prints the address.
    """
    from training.cli.clinic_demo.run import PortTakenError, run_clinic_demo

    try:
        run_clinic_demo(folder, port)
    except PortTakenError:
        click.echo(f"port {port} is in use: choose another with --port, or leave it out", err=True)
        raise SystemExit(USER) from None
