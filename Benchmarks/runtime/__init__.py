"""What bench_runtime.py is made of: the rows it measures, the programs, models of random weights, tables and plots."""
