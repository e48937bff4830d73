"""What clinics call the scales of the simulated cohort, in headings and labels."""

SCALE_TITLES = {
    "gad7": "GAD-7",
    "phq9": "PHQ-9",
    "pcl5": "PCL-5",
    "lsas": "LSAS",
    "hama": "HAM-A",
    "ybocs": "Y-BOCS",
    "pdss": "PDSS",
}
