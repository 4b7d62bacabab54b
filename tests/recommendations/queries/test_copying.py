"""Rows of fixed width, to PostgreSQL and back."""

import numpy as np
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from recommendations.queries.copying import fresh_table, read_records, write_records

COLUMNS = [("a", "int8"), ("b", "float8"), ("c", "bool"), ("d", "int2"), ("e", "int4"), ("f", "float4")]
TABLE = "a int8, b float8, c bool, d int2, e int4, f float4"


def back(columns, params=(), where=""):
    names = ", ".join(name for name, _ in columns)
    return read_records(select=f"SELECT {names} FROM copied {where} ORDER BY a", columns=columns, params=params)


@pytest.mark.django_db
def test_numbers_come_back_as_they_went():
    fresh_table(name="copied", columns=TABLE)
    values = [
        np.array([1, 2, 2**62]),
        np.array([0.1, np.nan, -np.inf]),
        np.array([True, False, True]),
        np.array([-(2**15), 0, 2**15 - 1]),
        np.array([-(2**31), 0, 2**31 - 1]),
        np.array([1.5, -0.0, 3e38]),
    ]

    write_records(table="copied", columns=COLUMNS, values=values, rows_at_once=2)

    found = back(COLUMNS)
    for (name, _), value in zip(COLUMNS, values, strict=True):
        assert np.array_equal(found[name], value.astype(found[name].dtype), equal_nan=value.dtype.kind == "f")


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hnp.arrays(np.float32, st.tuples(st.integers(0, 6), st.just(3)), elements=st.floats(-1e6, 1e6, width=32)))
def test_vectors_come_back_padded(vectors):
    columns = [("a", "int8"), ("v", "vector(5)")]
    fresh_table(name="copied", columns="a int8, v vector(5)")

    write_records(table="copied", columns=columns, values=[np.arange(len(vectors)), vectors])

    found = back(columns)["v"]
    assert np.array_equal(found[:, :3], vectors)
    assert not found[:, 3:].any()


@pytest.mark.django_db
def test_parameters_go_into_the_select():
    fresh_table(name="copied", columns="a int8")
    write_records(table="copied", columns=[("a", "int8")], values=[np.arange(5)])

    assert back([("a", "int8")], params=[3], where="WHERE a >= %s")["a"].tolist() == [3, 4]


@pytest.mark.django_db
def test_no_rows_give_no_records():
    fresh_table(name="copied", columns="a int8")

    assert len(back([("a", "int8")])) == 0


@pytest.mark.django_db
def test_a_null_is_noticed():
    fresh_table(name="copied", columns="a int8")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO copied VALUES (1), (NULL)")

    with pytest.raises(ValueError, match="NULL"):
        back([("a", "int8")])


@pytest.mark.django_db
def test_a_fresh_table_is_empty_every_time():
    for _ in range(2):
        fresh_table(name="copied", columns="a int8")
        write_records(table="copied", columns=[("a", "int8")], values=[np.arange(2)])

    assert len(back([("a", "int8")])) == 2


def test_an_unknown_type_is_named():
    with pytest.raises(ValueError, match="'text'"):
        read_records(select="SELECT 1", columns=[("a", "text")])
