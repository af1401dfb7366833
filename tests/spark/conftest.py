"""A local Spark, for the tests that run on every engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lighed.store.engine import connect


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from pyspark.sql import SparkSession  # in this command's environment only

    spark = SparkSession.builder.master("local[2]").config(
        map={
            "spark.driver.host": "127.0.0.1",
            "spark.sql.shuffle.partitions": "1",
            "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        }
    )
    session = spark.getOrCreate()
    yield connect("pyspark://")
    session.stop()
