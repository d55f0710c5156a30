"""The columns of evidence, one by one: the model reads the numbers, people read the meaning."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Feature:
    """One column. A ``flag`` is 0 or 1, and one more edit never takes it away; other columns are shares, counts on a
    logarithmic scale, or rarities in nats: -log of the share of tests for which the same holds.
    """

    name: str
    meaning: str
    flag: bool = False


FEATURES = (
    Feature("line_executed", "the test executed a changed statement, or the neighbour of an inserted one", flag=True),
    Feature("line_share", "share of the changed statements that it executed"),
    Feature("line_rarity", "rarity of the rarest changed statement that it executed"),
    Feature("symbol_entered", "it executed a changed function, or a member of a changed class", flag=True),
    Feature("symbol_share", "share of the changed functions and classes that it executed"),
    Feature("symbol_rarity", "rarity of the rarest of them"),
    Feature("file_executed", "it executed any line of a changed file", flag=True),
    Feature("file_rarity", "rarity of the rarest changed file that it executed"),
    Feature("use_executed", "it executed code that names what changed, or a value made of it at import", flag=True),
    Feature("use_rarity", "rarity of the rarest of that code"),
    Feature("contract", "it executed a function whose signature, decorator or class changed, or its user", flag=True),
    Feature("import_time", "it executed a file of which something changed that runs at import", flag=True),
    Feature("data_opened", "it opened a changed data file, or listed its folder", flag=True),
    Feature("names_symbol", "its source names a changed symbol", flag=True),
    Feature("names_count", "log(1 + changed symbols that its source names)"),
    Feature("name_rarity", "rarity, among the tests' sources, of the rarest changed symbol that it names"),
    Feature("helper_rarity", "the same for a fixture or helper that its source names"),
    Feature("uses_module", "its source uses something that its file imports from a changed module", flag=True),
    Feature("module_rarity", "rarity, among the tests' sources, of the rarest changed module that it uses"),
    Feature("word_share", "share of the words of the change that its source says, rare words weighing more"),
    Feature("id_word_share", "the same for its name and parameters"),
    Feature("path_similarity", "words that the names of its file and of a changed file share, of all their words"),
    Feature("same_folder", "share of the folders of a changed file that its own file is below"),
    Feature("import_nearness", "1 / (1 + imports between its file and a change); 0 where there is no way"),
    Feature("imports_directly", "its file, or what pytest loads with it, imports a changed file", flag=True),
    Feature("breadth", "log(1 + lines that it executed in all files): a broad test fails for many reasons"),
    Feature("log_seconds", "logarithm of its usual seconds"),
    Feature("doubt", "share of the changed files that were other ones when it was recorded"),
    Feature("unrecorded", "the recording does not know it", flag=True),
    Feature("spawned", "it started processes of which no lines are known", flag=True),
    Feature("edit_count", "log(1 + edits of the patch), the same for all its tests"),
)
COLUMN = {feature.name: column for column, feature in enumerate(FEATURES)}
