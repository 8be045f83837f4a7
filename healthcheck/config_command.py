"""``smoke-check config``: check a configuration, print its schema, print its values."""

from __future__ import annotations

import argparse
import json

from celestial_nasops.fault import ConfigFault
from celestial_nasops.language import say
from celestial_nasops.printing import put
from healthcheck.console import complain, path_of_config
from healthcheck.outcome import ExitCode


def check(arguments: argparse.Namespace) -> int:
    """Report all problems of a file."""
    from celestial_nasops import config_file

    try:
        loaded = config_file.begin(path_of_config(arguments.file))
    except ConfigFault as fault:
        for warning in fault.warnings:
            put(say("warning: {text}", text=warning))
        for problem in fault.problems:
            put(say("problem: {text}", text=problem))
        raise
    for warning in loaded.warnings:
        put(say("warning: {text}", text=warning))
    put(say("{path} is good", path=loaded.path))
    return ExitCode.GOOD


def schema(_arguments: argparse.Namespace) -> int:
    """Print what a file may hold."""
    from celestial_nasops.config import Config

    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Config.model_json_schema()}
    put(json.dumps(whole, indent=2))
    return ExitCode.GOOD


def get(arguments: argparse.Namespace) -> int:
    """Print the values in force of some keys."""
    from celestial_nasops import config_file

    loaded = config_file.begin(path_of_config(arguments.config))
    values = loaded.config.model_dump()
    known = {f"{section}.{key}": value for section, keys in values.items() for key, value in keys.items()}
    for key in arguments.keys:
        if key not in known:
            complain(say("there is no key {key}", key=key), say("see them all: smoke-check config schema"))
            return ExitCode.USAGE
    for key in arguments.keys:
        value = known[key]
        put(value if isinstance(value, str) else json.dumps(value))
    return ExitCode.GOOD
