"""Login: who a request is from. By a service token, a token of the OpenID provider, a browser's session, or, where no
login is configured, as the local person. Sessions are sealed cookies; the ledger knows which were ended.
"""
