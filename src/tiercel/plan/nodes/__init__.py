"""What Kusto means and SQL has no word for: the plan's own sqlglot nodes.

Holds one file a family (text, time, dynamic, ...), each node with its meaning, the same for every engine.
Takes lowered arguments. Gives node classes that the lowerings build and each engine renders. May import sqlglot only.

A node is added in three steps:

1. here, in its family's file, a class of `Node` (or `AggregateNode`) with `arg_types` and a docstring that states the
   meaning exactly: types, nulls, edges;
2. in `tiercel.engines.duckdb.nodes`, in the file of the same name, a function `render_<node>(generator, node) -> str`
   and its line in that file's `RENDERED` table;
3. nothing else: a test fails while a node has no rendering.

Whatever sqlglot itself has a node for (`exp.Lower`, `exp.Case`, `exp.Coalesce`) needs none of ours, as long as
sqlglot's DuckDB generator writes what we mean: look at the SQL it gives.
"""
