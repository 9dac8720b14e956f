"""Command line options made from the settings, so that names, defaults and help are written once."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import Field
from datetime import timedelta
from typing import Any

import click
from click.core import ParameterSource

from newsgraph import observe
from newsgraph.settings import PREFIX, Settings, declared, from_environment

Function = Callable[..., Any]

STORE = ("database", "log_level", "log_format")  # what a command needs that works on the database alone


class SettingOption(click.Option):
    """Shows its environment variable, but leaves reading it to `settings.from_environment`."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        return None


def with_settings(*names: str, without: tuple[str, ...] = ()) -> Callable[[Function], Function]:
    """Gives a command `Settings` as its first argument, and options for these settings (none named: for all)."""
    chosen = [s for s in declared() if (not names or s.name in names) and s.name not in without]

    def decorate(command: Function) -> Function:
        @functools.wraps(command)
        def run(**options: Any) -> Any:
            settings = _settings(click.get_current_context(), options, chosen)
            observe.configure(settings.log_level, settings.log_format, settings.access_log)
            return command(settings, **options)

        optioned: Function = run
        for setting in reversed(chosen):
            optioned = _option(setting)(optioned)
        return optioned

    return decorate


def _settings(context: click.Context, options: dict[str, Any], chosen: list[Field[Any]]) -> Settings:
    """Takes the settings out of a command's options: what was typed wins over the environment."""
    values = {setting.name: options.pop(setting.name) for setting in chosen}
    typed = {n: v for n, v in values.items() if context.get_parameter_source(n) is ParameterSource.COMMANDLINE}
    return from_environment(**typed)


def _option(setting: Field[Any]) -> Callable[[Function], Function]:
    flag = setting.name.replace("_", "-")
    is_flag = isinstance(setting.default, bool)
    return click.option(
        f"--{flag}/--no-{flag}" if is_flag else f"--{flag}",
        setting.name,
        cls=SettingOption,
        type=type(setting.default),
        default=setting.default,
        show_default=setting.default != "",
        envvar=PREFIX + setting.name.upper(),
        show_envvar=True,
        help=setting.metadata["help"],
    )


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(\d{1,5})([smhdw])", re.ASCII)


def duration(_context: click.Context, _parameter: click.Parameter, text: str | None) -> timedelta | None:
    """An option's callback for a time span as people write it: 90s, 30m, 12h, 7d, 2w."""
    if text is None:
        return None
    match = _DURATION.fullmatch(text)
    if match is None or not int(match[1]):
        raise click.BadParameter(f"{text!r} is no duration: write 90s, 30m, 12h, 7d or 2w.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
