"""What is remembered of endpoints. Run: .venv/bin/python -m unittest discover -s test/unit"""

import unittest

from indexes_seen import IndexesSeen


class IndexesSeenTest(unittest.TestCase):
    def test_tells_each_user_what_they_have_seen_themselves(self) -> None:
        seen = IndexesSeen()
        seen.remember("e", "ada", 3)
        seen.remember("e", "bob", 1)
        seen.remember("e", "ada", 4)
        self.assertEqual(seen.find("e", "ada"), 4)
        self.assertEqual(seen.find("e", "bob"), 1)
        self.assertIsNone(seen.find("e", None))

    def test_keeps_what_it_knows_where_there_is_nothing_to_see(self) -> None:
        seen = IndexesSeen()
        seen.remember("e", "ada", 3)
        seen.remember("e", "ada", None)
        self.assertEqual(seen.find("e", "ada"), 3)

    def test_forgets_what_was_seen_longest_ago(self) -> None:
        seen = IndexesSeen(most=2)
        for guid in ["a", "b", "a", "c"]:
            seen.remember(guid, "ada", 1)
        found = [guid for guid in "abc" if seen.find(guid, "ada") is not None]
        self.assertEqual(found, ["a", "c"])


if __name__ == "__main__":
    unittest.main()
