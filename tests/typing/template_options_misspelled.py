from jobdsl.templates import delivery_options, promote

HERE = delivery_options(toll="delivery")  # error
promote("api-promote", cluster="api", **HERE)
