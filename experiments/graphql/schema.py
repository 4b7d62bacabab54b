"""Query.experiments, for staff."""

from typing import Annotated

import strawberry

from bingeboard.context import Info
from experiments.graphql.types import Experiment, ExperimentVariant
from experiments.queries import all_experiments, is_running, users_by_variant, variants_of


@strawberry.type
class ExperimentsQuery:
    """What is being tried."""

    @strawberry.field(description="The experiments there are, the latest first. For staff.")
    def experiments(
        self,
        info: Info,
        active: Annotated[
            bool | None,
            strawberry.argument(description="true: those that run now; false: the others; all where left out."),
        ] = None,
    ) -> list[Experiment]:
        info.context.require_staff()
        now = info.context.now
        found = [e for e in all_experiments() if active is None or is_running(e, now=now) is active]
        users = users_by_variant(names=[experiment.name for experiment in found])
        info.context.spend(sum(1 + len(variants_of(experiment)) for experiment in found))
        return [
            Experiment(
                name=experiment.name,
                is_active=is_running(experiment, now=now),
                start_date=experiment.start_date,
                end_date=experiment.end_date,
                variants=[
                    ExperimentVariant(
                        name=variant.name,
                        weight=variant.weight,
                        algorithm_config=variant.algorithm_config,  # type: ignore[arg-type]
                        users=users.get((experiment.name, variant.name), 0),
                    )
                    for variant in variants_of(experiment)
                ],
            )
            for experiment in found
        ]
