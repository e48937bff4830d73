"""`kap people`: whose signatures a decision needs. Each has a key; those who are there add and remove others."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import click

from training.cli.decisions.options import KEY, MODEL_NAME_OPTION, WHO, answers_for_broken_chains
from training.cli.options.errors import FILE, Group, answers_for_mistakes


@click.group(cls=Group)
def people() -> None:
    """Say who may decide on the champion: people with keys, whose signatures kap history checks.

    Until somebody is added, each name that decides first gets a key of its own. From the first kap people add on, only
    the people who were added decide.
    """


@people.command()
@click.argument("name")
@click.option("--key", type=FILE, default=None, help="File of NAME's key, made if it is missing.")
@click.option("--public", type=FILE, default=None, help="NAME's public key, made elsewhere (PEM, Ed25519).")
@click.option("--by", default=None, metavar="NAME", help="Who adds NAME; not needed for the first one.")
@click.option("--by-key", type=FILE, default=None, help="The key of --by; default: its usual place.")
@click.option("--passphrase", is_flag=True, help="Ask for a passphrase for a new key, or take KAP_KEY_PASSPHRASE.")
@MODEL_NAME_OPTION
@answers_for_mistakes
@answers_for_broken_chains
def add(
    name: str,
    *,
    key: Path | None,
    public: Path | None,
    by: str | None,
    by_key: Path | None,
    passphrase: bool,
    model_name: str | None,
) -> None:
    """Add NAME to the people who decide, with a new key, the key in a file, or a public key.

    The first person signs herself. Everybody else is added by a person who is there (--by). The private key stays in
    its file: KAP_SIGNING_KEYS/NAME.pem, or ~/.config/kap/keys/NAME.pem. Somebody who works elsewhere makes a key there
    (openssl genpkey -algorithm ed25519) and sends the public part.
    """
    from training.decisions.keys import key_file, needs_passphrase
    from training.promotion.people import NewPerson, add_person
    from training.registry.release import decision_log

    place = key or key_file(name)
    if passphrase and not os.environ.get("KAP_KEY_PASSPHRASE"):
        os.environ["KAP_KEY_PASSPHRASE"] = click.prompt(
            "passphrase", hide_input=True, confirmation_prompt=not needs_passphrase(place)
        )
    person = NewPerson(name.strip(), key, public, locked=passphrase)
    added = add_person(decision_log(model_name), person, by, by_key)
    click.echo(f"added {added.name}, key {added.key_id[:12]}" + (f" in {place}" if public is None else ""))


@people.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@MODEL_NAME_OPTION
@answers_for_mistakes
def list_people(as_json: bool, model_name: str | None) -> None:
    """List everybody who may sign or ever could, with the id of the key."""
    from training.registry.release import decision_log

    known = decision_log(model_name).read().people
    rows = [
        {
            "name": person.name,
            "key_id": person.key_id,
            "state": ("added" if person.added else "first use") if person in known.present else "no longer",
            "public_key": person.public_key,
        }
        for person in known.ever
    ]
    if as_json:
        click.echo(json.dumps({"only_these_decide": known.closed, "people": rows}, indent=2))
        return
    for row in rows:
        click.echo(f"{row['name']:<24} {row['state']:<10} key {row['key_id']}")
    only = "only people who were added decide" if known.closed else "nobody was added: every name may decide"
    click.echo(only, err=True)


@people.command()
@click.argument("name")
@WHO
@KEY
@MODEL_NAME_OPTION
@answers_for_mistakes
@answers_for_broken_chains
def remove(name: str, by: str, key: Path | None, model_name: str | None) -> None:
    """Take from NAME the right to decide; what NAME decided stays valid."""
    from training.promotion.people import remove_person
    from training.registry.release import decision_log

    remove_person(decision_log(model_name), name.strip(), by, key)
    click.echo(f"{name} decides no more; earlier decisions stay valid")


@people.command()
@click.option("--reason", required=True, help="What was wrong with the clock, in one line; kept permanently.")
@WHO
@KEY
@MODEL_NAME_OPTION
@answers_for_mistakes
@answers_for_broken_chains
def clock(reason: str, by: str, key: Path | None, model_name: str | None) -> None:
    """Record that the last entry lies in the future because a clock was wrong, so that people can decide again.

    The wrong date stays as it is, with this entry behind it.
    """
    from training.promotion.people import record_wrong_clock
    from training.reasons import require_reason
    from training.registry.release import decision_log

    require_reason("people", reason, by)
    wrong = record_wrong_clock(decision_log(model_name), reason, by, key)
    today = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    click.echo(f"recorded: the last entry is dated {wrong}, which is wrong; it is {today}")
