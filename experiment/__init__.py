"""The components of a run: data, features, recipes, evaluation, output. The mathematics is in mfcc/
and mininet/. Reading order: scenes, data, folds, extract, recipes, evaluate, output,
figures, data_report, cli.
"""
