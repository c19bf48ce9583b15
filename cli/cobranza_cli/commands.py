"""What all commands have in common: where AWS says no, or nobody answers, they end with a sentence."""

from typing import Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from typer.core import TyperGroup

RIGHTS = "docs/deploy.md lists the rights of each command"
SIGN_IN = "sign in to AWS, and name the region by --region"


class Commands(TyperGroup):
    """A traceback would hide what to do."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except ClientError as error:
            typer.echo(f"{str(error).rstrip('.')}: {_remedy(error)}", err=True)
            raise typer.Exit(2) from error
        except BotoCoreError as error:
            typer.echo(f"{str(error).rstrip('.')}: {SIGN_IN}", err=True)
            raise typer.Exit(2) from error


def _remedy(error: ClientError) -> str:
    """Whom AWS does not know (any more) is told apart from who may not."""
    return SIGN_IN if "Token" in error.response["Error"]["Code"] else RIGHTS
