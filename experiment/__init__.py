"""What a run consists of: data, features, recipes, evaluation, output. The mathematics is in mfcc/
and mininet/. Order of reading: scenes, data, folds, extract, recipes, evaluate, output,
figures, data_report, cli.
"""
