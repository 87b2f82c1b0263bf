# SPDX-License-Identifier: BSD-3-Clause
"""Runs the tests of a script as the other suites run theirs."""
import io
import sys
import unittest


class Lines(unittest.TextTestResult):
    """As all suites print them."""

    def stopTest(self, test):
        super().stopTest(test)
        bad = [why for failed, why in self.failures + self.errors
               if failed is test]
        name = test.id().split(".test_")[-1]
        print("".join(bad) + ("  FAIL " if bad else "  ok   ") + name)


def main(name):
    """All tests of the script that is run; ends the process."""
    tests = unittest.defaultTestLoader.loadTestsFromModule(
        sys.modules["__main__"])
    result = unittest.TextTestRunner(stream=io.StringIO(),
                                     resultclass=Lines).run(tests)
    failed = len(result.failures) + len(result.errors)
    print(f"SUITE {name}: {result.testsRun - failed} passed, {failed} failed, "
          "0 skipped")
    sys.exit(failed > 0)
