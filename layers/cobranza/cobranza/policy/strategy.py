"""The ladder of reminders as data: steps in days from the due date, a template each."""

from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Step(_Model):
    """`past_due_template` takes the place of `template` once the due date is behind us."""

    days: int = Field(ge=-60, le=365)
    template: str
    past_due_template: str = ""

    def template_on(self, days_past_due: int) -> str:
        return self.past_due_template if self.past_due_template and days_past_due > 0 else self.template


class Strategy(_Model):
    name: str
    version: int
    max_days_late: int = Field(ge=0, le=60)
    steps: tuple[Step, ...] = Field(min_length=1, max_length=30)

    @model_validator(mode="after")
    def _steps_rise(self) -> Self:
        if any(step.days >= following.days for step, following in pairwise(self.steps)):
            raise ValueError("steps must rise")
        return self

    @model_validator(mode="after")
    def _nothing_is_announced_that_is_past(self) -> Self:
        for step, days_of_next in zip(self.steps, [*(s.days for s in self.steps[1:]), 366], strict=True):
            if step.days <= 0 and days_of_next > 1 and not step.past_due_template:
                raise ValueError(
                    f"step {step.days} may still be on after the due date: it needs a past_due_template"
                )
        return self

    def step_on(self, days_past_due: int) -> Step | None:
        """The latest step that this day has reached."""
        return max((s for s in self.steps if s.days <= days_past_due), key=lambda s: s.days, default=None)


@cache
def standard() -> Strategy:
    file = resources.files("cobranza.policy") / "strategies" / "standard.yaml"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return Strategy.model_validate(yaml.load(file.read_bytes(), Loader=loader))
