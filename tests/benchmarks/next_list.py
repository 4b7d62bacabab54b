"""
An event acknowledged and then the next list, as a pair, against a list alone.

    python -m tests.benchmarks next_list --pairs 200

With no worker alive: what the event changes is worked out by the request for the list. Each viewer's pair and list
alone take turns in one run, through HTTP and GraphQL over one connection.
"""

import argparse
import random

from tests.benchmarks.harness import house, made_up, spread, table

WARM_UP = 10


def main(args: list[str]) -> int:
    """Measure, and print one table with the times of all three and their ratios."""
    parser = argparse.ArgumentParser(
        prog="next_list", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=200, metavar="N", help="default: 200")
    parser.add_argument(
        "--viewers", type=int, default=100, metavar="N", help="of the demo, who take turns; default: 100"
    )
    given = parser.parse_args(args)
    rng = random.Random(20260601)
    alone, sent, after = [], [], []
    with house(n_viewers=given.viewers, run=("web",)) as built, built.client(timeout=60) as client:
        for number in range(WARM_UP + given.pairs):
            viewer = built.viewers[number % len(built.viewers)]
            event = made_up(rng, 1, shows=built.shows, session="pairs")
            # What an earlier turn left to do is done before the list alone is measured.
            assert client.recommendations(viewer=viewer).data["recommendations"]["edges"]
            list_alone = client.recommendations(viewer=viewer)
            acknowledged = client.track(event, viewer=viewer)
            list_after = client.recommendations(viewer=viewer)
            assert acknowledged.data["trackEvents"]["accepted"] == 1
            assert list_after.data["recommendations"]["requestId"] != list_alone.data["recommendations"]["requestId"]
            if number >= WARM_UP:
                alone.append(list_alone.seconds)
                sent.append(acknowledged.seconds)
                after.append(list_after.seconds)
    pairs = [a + b for a, b in zip(sent, after, strict=True)]
    base = spread(alone)[1]
    named = {"list alone": alone, "event": sent, "list after it": after, "event and list": pairs}
    rows = [(name, *spread(seconds, scale=1000), spread(seconds)[1] / base) for name, seconds in named.items()]
    print(table(("what", "ms min", "median", "max", "ratio to list alone"), rows))
    return 0
