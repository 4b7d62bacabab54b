"""The live database has every table, column, key and index of the schema that the product was asked for."""

import re
import subprocess
import sys

import pytest
from django.db import connection

# table -> columns with the kinds of type that may stand for them, and what must be unique and indexed.
# An index may carry more keys behind the ones named; DESC is told by a minus.
SEED = """
user_behavior_events: id:int user_id:text session_id:text event_type:text content_id:int content_type:text
  platform_source:text context:jsonb engagement_score:float created_at:time
  | | user_id; event_type; content_id content_type; created_at; user_id content_id -created_at; gin context
content_features: id:int content_id:int feature_type:text feature_value:text weight:float source:text confidence:float
  | content_id feature_type feature_value | content_id; feature_type; feature_type feature_value weight
user_taste_profiles: id:int user_id:text feature_type:text feature_value:text affinity_score:float confidence:float
  last_updated:time decay_rate:float
  | user_id feature_type feature_value | user_id; feature_type feature_value; user_id -affinity_score
content_embeddings: id:int content_id:int embedding_type:text embedding:vector(1536) model_version:text created_at:time
  | content_id embedding_type | content_id; hnsw embedding
recommendation_candidates: id:int user_id:text content_id:int algorithm_type:text base_score:float
  popularity_boost:float recency_boost:float diversity_penalty:float availability_boost:float social_boost:float
  final_score:float explanation:jsonb generated_at:time expires_at:time
  | user_id content_id algorithm_type | user_id -final_score; expires_at; user_id -final_score expires_at;
  gin explanation
user_context: id:int user_id:text context_type:text context_value:text frequency:int last_seen:time
  | user_id context_type context_value | user_id
social_signals: id:int user_id:text friend_id:text content_id:int signal_type:text signal_strength:float
  metadata:jsonb created_at:time | | user_id; content_id; created_at; gin metadata
recommendation_experiments: id:int experiment_name:text user_id:text variant:text algorithm_config:jsonb
  start_date:time end_date:time is_active:bool | experiment_name user_id | is_active experiment_name
recommendation_feedback: id:int user_id:text recommendation_id:int content_id:int feedback_type:text
  feedback_value:float context:jsonb created_at:time | | user_id; content_id; feedback_type
content_similarity: id:int content_id_a:int content_id_b:int similarity_type:text similarity_score:float
  updated_at:time | content_id_a content_id_b similarity_type
  | content_id_a -similarity_score; content_id_b -similarity_score
user_clusters: id:int user_id:text cluster_id:text cluster_type:text similarity_score:float updated_at:time
  | | user_id; cluster_id
trending_cache: id:int content_id:int time_window:text trend_type:text trend_score:float segment:jsonb
  calculated_at:time expires_at:time | content_id time_window trend_type segment
  | expires_at; trend_type -trend_score
platform_user_preferences: id:int user_id:text platform_name:text has_subscription:bool usage_frequency:float
  preference_score:float last_updated:time | user_id platform_name | user_id
"""
TYPES = {
    "int": {"integer", "bigint"},
    "text": {"character varying", "text"},
    "float": {"real", "double precision"},
    "bool": {"boolean"},
    "jsonb": {"jsonb"},
    "time": {"timestamp without time zone", "timestamp with time zone"},
    "vector(1536)": {"vector(1536)"},
}
PARENTS = {"user_id": "users", "friend_id": "users", "recommendation_id": "recommendation_candidates"}
TABLES = [block.strip() for block in re.split(r"\n(?=\w+:)", SEED.strip())]


def columns_of(table: str) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = to_regclass(%s)"
            " AND attnum > 0 AND NOT attisdropped",
            [table],
        )
        return {
            name: kind if kind.startswith("vector") else re.sub(r"\(\d+\)", "", kind)
            for name, kind in cursor.fetchall()
        }


def indexes_of(table: str) -> list[tuple[bool, str, list[str]]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT i.indisunique, am.amname, ARRAY(
                SELECT CASE WHEN i.indoption[k - 1] & 1 = 1 THEN '-' ELSE '' END
                    || split_part(replace(pg_get_indexdef(i.indexrelid, k, true), '"', ''), ' ', 1)
                FROM generate_series(1, i.indnkeyatts) k)
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am am ON am.oid = c.relam
            WHERE i.indrelid = to_regclass(%s)
            """,
            [table],
        )
        return cursor.fetchall()


def foreign_keys_of(table: str) -> dict[str, tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.attname, c.confrelid::regclass::text, c.confdeltype FROM pg_constraint c JOIN pg_attribute a"
            " ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
            " WHERE c.contype = 'f' AND c.conrelid = to_regclass(%s)",
            [table],
        )
        return {name: (parent, action) for name, parent, action in cursor.fetchall()}


@pytest.mark.django_db
@pytest.mark.parametrize("block", TABLES, ids=[block.split(":")[0] for block in TABLES])
def test_a_table_is_as_it_was_asked_for(block: str) -> None:
    head, unique, indexes = (part.split() for part in block.replace(";", " ; ").split("|"))
    table = head[0].rstrip(":")
    wanted = dict(item.split(":") for item in head[1:])

    found = columns_of(table)
    for name, kind in wanted.items():
        assert found.get(name) in TYPES[kind], f"{table}.{name}"

    have = indexes_of(table)
    assert (True, "btree", ["id"]) in have
    if unique:
        assert any(is_unique and sorted(keys) == sorted(unique) for is_unique, _, keys in have), unique
    for index in " ".join(indexes).split(";"):
        words = index.split()
        if words:
            method, keys = (words[0], words[1:]) if words[0] in ("gin", "hnsw") else ("btree", words)
            assert any(m == method and k[: len(keys)] == keys for _, m, k in have), f"{table}: {index}"

    parents = foreign_keys_of(table)
    for name in wanted:
        parent = "shows" if name.startswith("content_id") else PARENTS.get(name)
        if parent:
            assert parents[name][0] == parent
            if parent == "users":
                assert parents[name][1] == "c", f"{table}.{name} goes with its viewer"


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["users", "shows", "platforms", "show_platforms", "watchlists", "friendships"])
def test_the_tables_that_it_extends_are_there(table: str) -> None:
    assert columns_of(table)


@pytest.mark.django_db
def test_users_have_text_ids() -> None:
    assert columns_of("users")["id"] == "character varying"


@pytest.mark.shared_data
@pytest.mark.django_db
def test_the_checking_script_finds_everything(shared_data) -> None:
    settings = connection.get_connection_params()
    dsn = (
        f"postgresql://{settings['user']}:{settings['password']}@{settings['host']}:{settings['port']}"
        f"/{settings['dbname']}"
    )

    done = subprocess.run(
        [sys.executable, str(shared_data / "checks" / "seed_schema.py"), dsn],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "187 of 187" in done.stdout
