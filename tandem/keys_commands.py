"""`tandem keys`: what the command line offers for the server keys."""

import typer

keys = typer.Typer(help="The server keys, which wrap the keys of all accounts.", no_args_is_help=True)


@keys.command("list")
def list_() -> None:
    """Names of the server keys, which one is current, and how many accounts each wraps. Never the keys."""
    from store.settings import StoreSettings
    from tandem.keys import list_keys

    raise typer.Exit(list_keys(StoreSettings()))


@keys.command()
def rotate() -> None:
    """Put a new server key before the others, and wrap the key of every account with it, while everything runs.

    Safe to interrupt: the next one goes on with the same new key.
    """
    from store.settings import StoreSettings
    from tandem.keys import rotate_keys

    raise typer.Exit(rotate_keys(StoreSettings()))


@keys.command()
def prune() -> None:
    """Remove the server keys that wrap nothing any more; never the current one."""
    from store.settings import StoreSettings
    from tandem.keys import prune_keys

    raise typer.Exit(prune_keys(StoreSettings()))
