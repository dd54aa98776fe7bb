"""Prints the OpenAPI document: `python -m boxwood.api`."""

import sys

import msgspec

from .http.openapi import describe
from .routes import ROUTES

sys.stdout.buffer.write(msgspec.json.encode(describe(ROUTES)))
