"""A Spark job over a recording: `spark_job.py STORE`. Prints as JSON what it found; run by test_spark.py with an
interpreter that has pyspark."""

import json
import sys

from pyspark.sql import SparkSession, functions as f


def main():
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .getOrCreate()
    )
    found = {}
    for table in sys.argv[2:]:
        data = spark.read.option("mergeSchema", "true").parquet(f"{sys.argv[1]}/{table}")
        totals = [name for name in data.columns if name.endswith("_total")]
        kept = data.where((f.col("identifier") == "spark-1") & (f.col("tick_no") >= 0))
        sums = kept.agg(f.count("*").alias("rows"), *(f.max(name).alias(name) for name in totals)).first().asDict()
        found[table] = {"types": dict(data.dtypes), "rows": sums.pop("rows"), "largest": sums}
        found[table]["partitions"] = [list(r) for r in data.select("dt", "identifier").distinct().orderBy("dt").collect()]
    print(json.dumps(found, default=str))


if __name__ == "__main__":
    main()
