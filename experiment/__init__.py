"""The components of a run: data, features, recipes, evaluation, output. The mathematics is in mfcc/
and mininet/. Reading order: terminal, scenes, data, folds, extract, augment, recipes, evaluate,
output, page, data_report, prediction, explanation, report, figures, cli."""
