"""The sample data of a first start: a sales pipeline with a dozen boxes."""

from __future__ import annotations

from ..core import boxes, pipelines
from ..core.context import Ctx
from ..core.pipelines import fields
from ..lib.durations import DAY

_STAGES = ["Lead", "Contacted", "Demo", "Proposal", "Won", "Lost"]
# Name, stage, value, source, days until it should close.
_DEALS = [
    ("Hazel & Sons, office plants", 0, 4200, "Website", 40),
    ("Riverside Library, shelving", 0, 12800, "Referral", 55),
    ("Northlight Studio, yearly plan", 0, 2400, "Website", 30),
    ("Blue Door Bakery, delivery vans", 1, 31000, "Event", 62),
    ("Fernhill Clinic, waiting room", 1, 7600, "Referral", 25),
    ("Quarry Road School, playground", 2, 18900, "Event", 33),
    ("Tidewater Hotel, garden redesign", 2, 46500, "Referral", 48),
    ("Maple & Co, consulting days", 3, 9000, "Website", 12),
    ("Saddler Street Market, stalls", 3, 15250, "Cold call", 20),
    ("Orchard Theatre, stage hedge", 4, 5300, "Referral", -6),
    ("Larch Lane Dental, refit", 4, 22400, "Website", -14),
    ("Old Mill Press, office move", 5, 8700, "Cold call", -20),
]


def load(ctx: Ctx) -> str:
    """Create the sample pipeline for the actor, in their oldest team. Returns the pipeline's key."""
    pipeline = pipelines.create(
        ctx,
        {
            "name": "Sales (sample)",
            "description": "Sample data. Delete this pipeline when you no longer need it.",
            "stages": _STAGES,
            "source": "SYSTEM_ONBOARDING",
        },
    )
    value = fields.create(ctx, pipeline.key, {"name": "Deal value", "type": "TEXT_INPUT"})
    closing = fields.create(ctx, pipeline.key, {"name": "Expected close", "type": "DATE"})
    sources = sorted({deal[3] for deal in _DEALS})
    source = fields.create(
        ctx,
        pipeline.key,
        {"name": "Source", "type": "DROPDOWN", "options": [{"name": name} for name in sources]},
    )
    options = {option.name: option.key for option in source.options}
    for name, stage, worth, came_by, days in _DEALS:
        held = {value.key: worth, closing.key: ctx.now + days * DAY, source.key: options[came_by]}
        given = {"name": name, "stage_key": pipeline.stage_order[stage], "fields": held}
        boxes.create(ctx, pipeline.key, given)
    return pipeline.key
