"""Units that have passed several times, asked of the tables."""

from __future__ import annotations

from sqlalchemy import Connection, and_, case, func, or_, select, true, tuple_

from firmline.line.outcomes import StepOutcome
from firmline.line.records import tables
from firmline.line.records.base import PassedAgain, RunFilter
from firmline.line.records.counting import IN_ORDER, RUNS, UNIT, guide_planner
from firmline.line.records.reading import conditions
from firmline.line.records.values import Unit


def units_passed_again(
    connection: Connection, wanted: RunFilter, *, newest: int, most: int
) -> PassedAgain:
    """See :meth:`~.base.Records.passed_again`."""
    guide_planner(connection)
    is_pass = and_(~RUNS.is_golden, RUNS.outcome == StepOutcome.PASS.value)
    passed = (
        select(RUNS.serial, RUNS.product)
        .where(is_pass, *conditions(wanted))
        .order_by(*(column.desc() for column in IN_ORDER))
        .limit(newest)
        .subquery()
        .c
    )
    reworks = tables.reworks.c
    last_rework = (
        select(func.max(reworks.at))
        .where(reworks.serial == RUNS.serial, reworks.product == RUNS.product)
        .scalar_subquery()
    )
    is_wanted = and_(true(), *conditions(wanted))
    by_recipe = (
        select(RUNS.product, RUNS.serial, func.max(RUNS.began_at).label("last_at"))
        .where(
            tuple_(RUNS.serial, RUNS.product).in_(select(passed.serial, passed.product)),
            is_pass,
            or_(last_rework.is_(None), RUNS.began_at > last_rework),
        )
        .group_by(*UNIT)
        .having(func.count() > 1, func.max(case((is_wanted, 1), else_=0)) > 0)
        .subquery()
        .c
    )
    last_at = func.max(by_recipe.last_at)
    query = (
        select(by_recipe.product, by_recipe.serial, func.count().over())
        .group_by(by_recipe.product, by_recipe.serial)
        .order_by(last_at.desc(), by_recipe.product, by_recipe.serial)
        .limit(most)
    )
    lines = connection.execute(query).all()
    return PassedAgain(
        units=tuple(Unit(product=product, serial=serial) for product, serial, _ in lines),
        number=lines[0][2] if lines else 0,
    )
