"""`kap completion`: the script with which a shell completes commands, options and paths."""

import click
from click.shell_completion import get_completion_class

from training.cli.options.errors import answers_for_mistakes

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
@answers_for_mistakes
def completion(context: click.Context, shell: str) -> None:
    """Print the script for SHELL that completes commands, options and paths with the Tab key.

    \b
      bash: add to ~/.bashrc                    eval "$(kap completion bash)"
      zsh:  add to ~/.zshrc, below compinit     eval "$(kap completion zsh)"
      fish: write once                          kap completion fish > ~/.config/fish/completions/kap.fish

    Versions and aliases of models are not completed: opening the registry takes seconds.
    """
    root = context.find_root()
    name = root.info_name or "kap"
    found = get_completion_class(shell)
    assert found is not None  # noqa: S101 - click has one for each of SHELLS
    click.echo(found(root.command, {}, name, f"_{name.replace('-', '_').upper()}_COMPLETE").source())
