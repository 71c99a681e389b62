"""What synthetic tasks are about, and what comes of them."""

from __future__ import annotations

from random import Random
from typing import Any

Data = dict[str, Any]

# Of each digit eight rows, a bit for each pixel.
GLYPHS = (
    "3c666e7666663c00", "1818381818187e00", "3c66060c30607e00", "3c66061c06663c00", "060e1e667f060600",
    "7e607c0606663c00", "3c66607c66663c00", "7e660c1818181800", "3c66663c66663c00", "3c66663e06663c00",
)  # fmt: skip
BRIGHT, DARK = 16, 0
PLACES = ("Ostrava", "Porto", "Lyon", "Gdynia", "Turku", "Cork", "Split", "Ghent")
TOPICS = ("delivery", "password", "payment", "return", "address", "warranty")
QUEUES = ("billing", "logistics", "technical", "sales")


def image_of(digit: int) -> list[list[int]]:
    rows = bytes.fromhex(GLYPHS[digit])
    return [[BRIGHT if row >> 7 - place & 1 else DARK for place in range(8)] for row in rows]


def digit(draw: Random, number: int) -> tuple[str, Data]:
    shown = draw.randrange(10)
    return f"Which digit is image {number}?", {"image": image_of(shown), "index": number}


def invoice(draw: Random, number: int) -> tuple[str, Data]:
    amount, place = round(draw.uniform(20, 9000), 2), draw.choice(PLACES)
    payload = {"invoice": f"INV-{number:07}", "amount": amount, "currency": "EUR", "from": place}
    return f"Check invoice {number} from {place}", payload


def refund(draw: Random, number: int) -> tuple[str, Data]:
    amount = round(draw.uniform(5, 400), 2)
    payload = {"order": f"ORD-{number:07}", "amount": amount, "reason": draw.choice(TOPICS)}
    return f"Refund order {number}", payload


def ticket(draw: Random, number: int) -> tuple[str, Data]:
    topic = draw.choice(TOPICS)
    payload = {"ticket": number, "topic": topic, "text": f"A question about {topic}."}
    return f"Route ticket {number}: {topic}", payload


SUBJECTS = {digit: 0.1, invoice: 0.35, refund: 0.25, ticket: 0.3}


def result_of(task_type: str, draw: Random, tries: int) -> Data:
    """`tries` makes each answer to one task another: nobody hands in what was rejected."""
    match task_type:
        case "digit":
            return {"label": (draw.randrange(10) + tries) % 10, "try": tries}
        case "ticket":
            return {"queue": draw.choice(QUEUES), "try": tries}
    return {"accept": draw.random() < 0.9, "checked": ["amount", "sender"], "try": tries}
