"""By which words clinics know columns, categories, rating scales and visits; nothing here looks at data.

Public names: `category_of`, `fits`, `instrument_of`, `plain`, `scale_columns`, `visit_of`.
"""
