"""What is the same at forges that are servers with an API by repository (GitHub, Gitea): how they are asked, what they
refuse, the comment of a pull request, texts within their limits, and what has to be true of a delivery before it is
read. What a thing means at one of them is in that forge's own folder.
"""
