"""What shows are like: content_features, content_embeddings, content_similarity."""

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone as clock
from pgvector.django import VectorField

from recommendations.models.fields import (
    EmbeddingType,
    FeatureSource,
    FeatureType,
    LongIndex,
    SimilarityType,
    between,
    one_of,
)

EMBEDDING_WIDTH = 1536


class ContentFeature(models.Model):
    """One thing that is true of a title, how strongly, and who says so."""

    content = models.ForeignKey("shows.Show", on_delete=models.CASCADE, db_index=False, related_name="features")
    feature_type = models.CharField(max_length=12, choices=FeatureType)
    feature_value = models.CharField(max_length=300)
    weight = models.FloatField(default=1.0, db_default=1.0)
    source = models.CharField(max_length=16, choices=FeatureSource, default="tmdb", db_default="tmdb")
    confidence = models.FloatField(default=1.0, db_default=1.0)
    # What profiles add up: weight x confidence x idf, normalised within the title and type. Kept, because idf moves
    # with the catalogue and a profile must be able to take out exactly what it once put in.
    strength = models.FloatField(
        null=True, blank=True, editable=False, help_text="As profiles use it; empty where too rare to say anything"
    )

    class Meta:
        db_table = "content_features"
        ordering = ["content_id", "feature_type", "-weight", "feature_value"]
        constraints = [
            models.UniqueConstraint(
                fields=["content", "feature_type", "feature_value"], name="content_features_unique"
            ),
            between("weight", 0, 10, "content_features_weight_in_range"),
            between("confidence", 0, 1, "content_features_confidence_0_to_1"),
            one_of("feature_type", FeatureType, "content_features_type_known"),
            one_of("source", FeatureSource, "content_features_source_known"),
            models.CheckConstraint(condition=~models.Q(feature_value=""), name="content_features_value_not_empty"),
        ]
        indexes = [
            LongIndex(fields=["content"], name="idx_content_features_content"),
            LongIndex(fields=["feature_type"], name="idx_content_features_type"),
            LongIndex(fields=["feature_type", "feature_value", "weight"], name="idx_content_features_type_value"),
        ]

    def __str__(self) -> str:
        return f"{self.feature_type}: {self.feature_value}"


class ContentEmbedding(models.Model):
    """A title as a vector. The vector index is not declared here: it is built after the data (build_vector_index)."""

    content = models.ForeignKey("shows.Show", on_delete=models.CASCADE, db_index=False, related_name="embeddings")
    embedding_type = models.CharField(max_length=12, choices=EmbeddingType)
    embedding = VectorField(dimensions=EMBEDDING_WIDTH, null=True)
    model_version = models.CharField(
        max_length=120, default="text-embedding-3-large", db_default="text-embedding-3-large"
    )
    source_hash = models.CharField(
        max_length=64,
        default="",
        db_default="",
        help_text="Of what it was made from; unchanged means still good",
    )
    created_at = models.DateTimeField(default=clock.now, db_default=Now())

    class Meta:
        db_table = "content_embeddings"
        ordering = ["content_id", "embedding_type"]
        constraints = [
            models.UniqueConstraint(fields=["content", "embedding_type"], name="content_embeddings_unique"),
            one_of("embedding_type", EmbeddingType, "content_embeddings_type_known"),
        ]
        indexes = [LongIndex(fields=["content"], name="idx_embeddings_content")]

    def __str__(self) -> str:
        return f"{self.embedding_type} of {self.content_id}"


class ContentSimilarity(models.Model):
    """How alike two titles are in one respect; a's nearest neighbours."""

    content_a = models.ForeignKey(
        "shows.Show", on_delete=models.CASCADE, db_column="content_id_a", db_index=False, related_name="+"
    )
    content_b = models.ForeignKey(
        "shows.Show", on_delete=models.CASCADE, db_column="content_id_b", db_index=False, related_name="+"
    )
    similarity_type = models.CharField(max_length=16, choices=SimilarityType)
    similarity_score = models.FloatField()
    updated_at = models.DateTimeField(default=clock.now, db_default=Now())

    class Meta:
        db_table = "content_similarity"
        ordering = ["content_a_id", "similarity_type", "-similarity_score", "content_b_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["content_a", "content_b", "similarity_type"], name="content_similarity_unique"
            ),
            between("similarity_score", -1, 1, "content_similarity_score_in_range"),
            one_of("similarity_type", SimilarityType, "content_similarity_type_known"),
            models.CheckConstraint(
                condition=~models.Q(content_a=models.F("content_b")),
                name="content_similarity_not_with_itself",
            ),
        ]
        indexes = [
            LongIndex("content_a", models.F("similarity_score").desc(), name="idx_content_similarity_a"),
            LongIndex("content_b", models.F("similarity_score").desc(), name="idx_content_similarity_b"),
        ]

    def __str__(self) -> str:
        return f"{self.content_a_id} ~ {self.content_b_id} ({self.similarity_type})"
