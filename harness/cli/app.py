"""The verbs, put together."""

from __future__ import annotations

import typer

from . import (
    bench,
    demo,
    doctor,
    history,
    importing,
    listing,
    plan,
    report,
    rescore,
    store,
    suite,
    validate,
)

app = typer.Typer(
    name="loragate",
    help="Decides whether a fine-tuned LoRA adapter may replace the one in production. "
    "The gate itself is `pytest suites/`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="markdown",
)
app.command()(demo.demo)
app.command()(validate.validate)
app.add_typer(suite.app, name="suite")
app.add_typer(importing.app, name="import")
app.command("list")(listing.listing)
app.command()(plan.plan)
app.command()(rescore.rescore)
app.command()(report.report)
app.command()(history.history)
app.add_typer(store.app, name="store")
app.command()(bench.bench)
app.command()(doctor.doctor)
