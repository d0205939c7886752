from jobdsl.templates import library

library("money", repo="https://git.example.com/money.git", build="ant", keep="50")  # error
