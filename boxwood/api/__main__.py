"""Prints the OpenAPI document: `python -m boxwood.api`."""

import sys

import msgspec

from .openapi import describe
from .routes import ROUTES

sys.stdout.buffer.write(msgspec.json.encode(describe(ROUTES)))
