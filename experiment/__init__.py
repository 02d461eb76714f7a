"""What a run is made of: the data, the recipe from clips to a trained network, and the report.

Plain glue in the service of ssc.py; the mathematics is in mfcc/ and mininet/.
"""
