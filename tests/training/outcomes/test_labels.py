"""The outcome rules, as courses with the expected answer beside each; every cut-off and window edge at -1, 0 and +1.

Unless a table says otherwise: one dosing session on day 0, so that the remission window of the default protocol spans
days 7 to 31 around day 19; GAD-7 with remission at most 4, relapse at least 10, reliable change 6.
"""

import numpy as np
import pytest

from features.protocol.columns import EVENTS
from features.protocol.document import Protocol
from features.protocol_reading import parse_protocol
from tests.cohorts import DEFAULT, cohort_of, courses
from training.outcomes.labels import EndedBy, Outcomes, derive_outcomes, lowest_before

ANSWERS = {0.0: "no", 1.0: "yes"}
ENDED_BY = {EndedBy.NOT_AT_RISK: "-", EndedBy.CENSORED: "cens", EndedBy.RELAPSE: "relapse", EndedBy.COMPETING: "comp"}


def answers(outcomes: Outcomes, patient: int, protocol: Protocol) -> dict[str, str]:
    """One patient's outcomes as the words of the tables below."""

    def number(values: np.ndarray) -> str:
        return "-" if np.isnan(values[patient]) else f"{values[patient]:g}"

    reason, code = outcomes.ineligible[patient], outcomes.primary.code[patient]
    named = {
        "landmark_day": number(outcomes.landmark_day),
        "reason": "-" if reason is None else reason.name.lower(),
        "instrument": "-" if code < 0 else protocol.instrument_names[code],
        "baseline": number(outcomes.primary.baseline),
        "remission": ANSWERS.get(outcomes.remission[patient], "-"),
        "remission_day": number(outcomes.remission_day),
        "start": number(outcomes.risk_start_day),
        "followed": number(outcomes.followed_days),
        "ended": ENDED_BY[EndedBy(outcomes.ended_by[patient])],
        "at_risk": "yes" if outcomes.at_risk[patient] else "no",
    }
    horizons = enumerate(protocol.horizons_days)
    return named | {f"sus_{days}": ANSWERS.get(outcomes.sustained[patient, i], "-") for i, days in horizons}


def expect(text: str, protocol: str = "", landmark: int = 0) -> None:
    """Every expected cell of a course table holds; all that do not are listed."""
    records, rows = courses(text)
    rules = parse_protocol(protocol)
    cohort = records.cohort(rules)
    outcomes = derive_outcomes(cohort, rules.landmarks[landmark])
    index = {patient_id: position for position, patient_id in enumerate(cohort.patient_ids.tolist())}
    wrong = []
    for row in rows:
        seen = answers(outcomes, index[row.patient_id], rules)
        wrong += [f"{row.patient_id}: {k} is {seen[k]}, not {v}" for k, v in row.expected.items() if seen[k] != v]
    assert not wrong, "\n".join(wrong)


def fixed_day(day: int, rest: str = "") -> str:
    return f'[[landmarks]]\nname = "fixed"\nday = {day}\n{rest}'


NO_CONFIRMATION = "[relapse]\nconfirm_within_days = [0, 0]\n"
BY_EVENT = '[relapse]\nrule = "event"\n'
AT_LANDMARK = '[remission]\nstate = "at_landmark"\n'


class TestLandmarkDay:
    def test_before_session_1(self) -> None:
        expect("""
            patient          | doses | gad7 | landmark_day | reason
            on day 0         | 0 7   | 0:16 | 0            | -
            no session       |       | 0:16 | -            | landmark_not_reached
        """)

    def test_before_session_2_has_no_else_days(self) -> None:
        expect(
            """
            patient          | doses | gad7 | landmark_day | reason
            came             | 0 9   | 0:16 | 9            | -
            never came       | 0     | 0:16 | -            | landmark_not_reached
            """,
            landmark=1,
        )

    def test_before_session_3_has_else_days(self) -> None:
        expect(
            """
            patient               | doses  | gad7 | landmark_day | reason
            came                  | 0 9 10 | 0:16 | 10           | -
            came long after       | 0 9 40 | 0:16 | 23           | -
            came a day late       | 0 9 24 | 0:16 | 23           | -
            14 days after 2       | 0 9    | 0:16 | 23           | -
            came on that day      | 0 9 23 | 0:16 | 23           | -
            neither 2 nor 3       | 0      | 0:16 | -            | landmark_not_reached
            """,
            landmark=2,
        )

    def test_a_fixed_day_is_reached_by_all_who_are_still_followed(self) -> None:
        expect(
            """
            patient       | doses | gad7 | landmark_day | reason
            a session     | 0     | 0:16 | 5            | -
            no session    |       | 0:16 | 5            | no_dosing_session
            """,
            fixed_day(5),
        )
        expect(
            """
            patient       | doses | gad7      | events             | landmark_day | reason
            withdrawn - 1 | 0     | 0:16      | 4:withdrawal       | -            | landmark_not_reached
            withdrawn     | 0     | 0:16      | 5:withdrawal       | 5            | withdrew
            dead - 1      | 0     | 0:16      | 4:death            | -            | landmark_not_reached
            dead          | 0     | 0:16      | 5:death            | 5            | died
            end           | 0     | 0:16      | 4:end_of_follow_up | -            | landmark_not_reached
            seen again    | 0     | 0:16 5:12 | 4:end_of_follow_up | 5            | -
            """,
            fixed_day(5),
        )

    def test_psychotherapy_is_not_a_dosing_session(self) -> None:
        cohort = cohort_of(
            sessions="""
                patient_id  session_number  day  kind
                a           1               2    psychotherapy
                a           1               0    dosing
                a           2               5    dosing
            """,
            assessments="""
                patient_id  day  instrument  score
                a           0    gad7        16
            """,
        )
        assert derive_outcomes(cohort, DEFAULT.landmarks[1]).landmark_day == [5]


class TestWhoEnters:
    def test_primary_instrument_is_the_first_of_the_protocol_with_a_baseline(self) -> None:
        expect("""
            patient                   | doses | gad7 | hama | phq9 | instrument | baseline | reason
            the first                 | 0     | 0:16 | 0:30 |      | gad7       | 16       | -
            earlier date, later order | 0     | 0:16 | -9:30 |     | gad7       | 16       | -
            the first not at baseline | 0     | 1:16 | 0:30 |      | hama       | 30       | -
            only after day 0          | 0     | 1:16 |      |      | -          | -        | no_baseline
            a scale not listed        | 0     |      |      | 0:20 | -          | -        | no_baseline
        """)

    def test_the_first_decides_even_when_a_later_one_is_symptomatic(self) -> None:
        expect("""
            patient  | doses | gad7 | hama | instrument | reason
            a        | 0     | 0:3  | 0:30 | gad7       | baseline_in_remission
        """)

    def test_the_order_is_the_protocols(self) -> None:
        expect(
            """
            patient  | doses | gad7 | hama | instrument
            a        | 0     | 0:16 | 0:30 | hama
            """,
            '[remission]\ninstrument = ["hama", "gad7"]\n',
        )

    def test_baseline_is_the_last_rating_on_or_before_day_0(self) -> None:
        expect("""
            patient          | doses | gad7            | baseline
            day -1           | 0     | -9:12 -1:13     | 13
            day 0            | 0     | -1:13 0:14      | 14
            day 1 is later   | 0     | -1:13 0:14 1:15 | 14
        """)

    def test_baseline_must_be_above_the_remission_cut_off(self) -> None:
        expect("""
            patient      | doses | gad7 | reason
            cut-off - 1  | 0     | 0:3  | baseline_in_remission
            cut-off      | 0     | 0:4  | baseline_in_remission
            cut-off + 1  | 0     | 0:5  | -
        """)

    @pytest.mark.parametrize("protocol", [fixed_day(20), "[acute]\nmax_days = 10\n"])
    def test_a_deciding_reading_on_or_before_the_landmark_is_known_already(self, protocol: str) -> None:
        expect(
            """
            patient                       | doses | gad7           | landmark_day | reason
            L - 1                         | 0 20  | 0:16 19:4      | 20           | already_decided
            L                             | 0 20  | 0:16 20:4      | 20           | already_decided
            L + 1                         | 0 20  | 0:16 21:4      | 20           | -
            a no is an answer too         | 0 20  | 0:16 20:16     | 20           | already_decided
            one before, a later decides   | 0 20  | 0:16 10:4 21:9 | 20           | -
            """,
            protocol.replace("= 20", "= 20\n[acute]\nmax_days = 10"),
            landmark=0 if "landmarks" in protocol else 1,
        )

    def test_a_reading_before_the_landmark_that_a_nearer_one_could_replace_decides_nothing_there(self) -> None:
        """On day 15 nobody knows that none follows: the patient enters, and what came before is no answer."""
        expect(
            """
            patient                | doses | gad7           | landmark_day | reason | remission | ended | sus_84
            none follows           | 0 15  | 0:16 10:4 60:4 | 15           | -      | -         | -     | -
            a nearer one follows   | 0 15  | 0:16 10:4 25:4 | 15           | -      | yes       | cens  | -
            a farther one follows  | 0 15  | 0:16 10:4 31:4 | 15           | -      | -         | -     | -
            """,
            "[acute]\nmax_days = 10\n",
            landmark=1,
        )
        expect(
            """
            patient                   | doses | gad7           | landmark_day | reason | remission
            a session may move it all | 0     | 0:16 19:4 90:4 | 20           | -      | -
            """,
            fixed_day(20),
        )

    def test_a_patient_whose_window_is_over_can_not_be_seen_to_remit(self) -> None:
        expect(
            """
            patient        | doses | gad7      | landmark_day | reason
            last day       | 0 31  | 0:16      | 31           | window_over
            day before     | 0 30  | 0:16      | 30           | -
            read           | 0 31  | 0:16 8:9  | 31           | already_decided
            """,
            "[acute]\nmax_days = 10\n",
            landmark=1,
        )


class TestRemission:
    def test_cut_off(self) -> None:
        expect("""
            patient       | doses | gad7      | remission | remission_day | start | sus_84
            cut-off - 1   | 0     | 0:16 19:3 | yes       | 19            | 19    | -
            cut-off       | 0     | 0:16 19:4 | yes       | 19            | 19    | -
            cut-off + 1   | 0     | 0:16 19:5 | no        | 19            | -     | no
        """)

    def test_reliable_drop(self) -> None:
        table = """
            patient    | doses | gad7      | remission
            4 from 9   | 0     | 0:9 19:4  | {}
            4 from 10  | 0     | 0:10 19:4 | yes
            4 from 11  | 0     | 0:11 19:4 | yes
        """
        expect(table.format("no"))
        expect(table.format("yes"), "[remission]\nrequire_reliable_drop = false\n")

    def test_window_edges(self) -> None:
        expect("""
            patient             | doses | gad7      | remission | remission_day
            first day - 1       | 0     | 0:16 6:4  | -         | -
            first day           | 0     | 0:16 7:4  | yes       | 7
            first day + 1       | 0     | 0:16 8:4  | yes       | 8
            last day - 1        | 0     | 0:16 30:4 | yes       | 30
            last day            | 0     | 0:16 31:4 | yes       | 31
            last day + 1        | 0     | 0:16 32:4 | -         | -
        """)

    def test_a_window_of_one_day(self) -> None:
        expect(
            """
            patient  | doses | gad7       | remission
            before   | 0     | 0:16 9:4   | -
            on it    | 0     | 0:16 10:4  | yes
            after    | 0     | 0:16 11:4  | -
            """,
            "[remission]\nwindow_days = [10, 10]\n",
        )

    def test_the_reading_nearest_the_middle_decides(self) -> None:
        expect("""
            patient                        | doses | gad7                     | remission_day | remission
            18 against 21                  | 0     | 0:16 18:4 21:9           | 18            | yes
            17 against 20                  | 0     | 0:16 17:4 20:9           | 20            | no
            a tie goes to the later        | 0     | 0:16 18:9 20:4           | 20            | yes
            a wide tie                     | 0     | 0:16 7:4 31:9            | 31            | no
            the middle itself              | 0     | 0:16 18:9 19:4 20:9      | 19            | yes
            one outside the window is none | 0     | 0:16 6:4 31:9 32:4       | 31            | no
        """)

    def test_the_middle_may_lie_between_two_days(self) -> None:
        expect(
            """
            patient        | doses | gad7            | remission_day
            10 against 11  | 0     | 0:16 10:4 11:4  | 11
            9 against 11   | 0     | 0:16 9:4 11:4   | 11
            10 against 12  | 0     | 0:16 10:4 12:4  | 10
            """,
            "[remission]\nwindow_days = [7, 14]\n",
        )

    def test_only_the_primary_instrument_decides(self) -> None:
        expect("""
            patient  | doses | gad7      | hama      | remission
            a        | 0     | 0:16      | 0:30 19:2 | -
            b        | 0     | 0:16 25:9 | 0:30 19:2 | no
        """)

    def test_a_missing_reading_is_not_observed_and_never_no(self) -> None:
        expect("""
            patient            | doses | gad7      | events          | reason | remission | start | ended | sus_84
            none               | 0     | 0:16      |                 | -      | -         | -     | -     | -
            none, then relapse | 0     | 0:16      | 40:relapse      | -      | -         | -     | -     | -
            withdrawn          | 0     | 0:16      | 5:withdrawal    | -      | -         | -     | -     | -
            read after it      | 0     | 0:16 19:4 | 18:withdrawal   | -      | -         | -     | -     | -
            read on its day    | 0     | 0:16 19:4 | 19:withdrawal   | -      | yes       | 19    | cens  | -
            dead               | 0     | 0:16      | 5:death         | -      | -         | -     | -     | -
        """)

    def test_the_anchor_is_the_last_session_of_the_acute_course(self) -> None:
        expect("""
            patient            | doses   | gad7            | remission_day
            acute end - 1      | 0 41    | 0:16 20:4 60:9  | 60
            acute end          | 0 42    | 0:16 20:4 61:9  | 61
            acute end + 1      | 0 43    | 0:16 20:4 61:9  | 20
            three sessions     | 0 7 14  | 0:16 20:4 33:9  | 33
        """)

    def test_a_window_counts_from_the_last_acute_session(self) -> None:
        expect("""
            patient  | doses | gad7      | remission
            day 48   | 0 42  | 0:16 48:4 | -
            day 49   | 0 42  | 0:16 49:4 | yes
            day 73   | 0 42  | 0:16 73:4 | yes
            day 74   | 0 42  | 0:16 74:4 | -
        """)

    def test_without_a_session_in_the_acute_course_nothing_can_be_analysed(self) -> None:
        expect(
            """
            patient          | doses | gad7      | reason             | remission
            one              | 0     | 0:16 19:4 | -                  | yes
            none             |       | 0:16 19:4 | no_dosing_session  | -
            """,
            fixed_day(0),
        )

    def test_the_anchor_may_be_day_0(self) -> None:
        expect(
            """
            patient     | doses | gad7            | reason | remission_day
            sessions    | 0 20  | 0:16 19:4 39:9  | -      | 19
            no session  |       | 0:16 19:4 39:9  | -      | 19
            """,
            fixed_day(0, '[remission]\nanchor = "index"\n'),
        )


class TestRelapseByReadings:
    def test_relapse_band(self) -> None:
        expect(
            """
            patient   | doses | gad7           | followed | ended
            edge - 1  | 0     | 0:16 19:4 60:9 | 41       | cens
            edge      | 0     | 0:16 19:4 60:10 | 41      | relapse
            edge + 1  | 0     | 0:16 19:4 60:11 | 41      | relapse
            """,
            NO_CONFIRMATION,
        )

    def test_reliable_rise(self) -> None:
        """Y-BOCS: remission at most 12, relapse at least 13, reliable change 8."""
        expect(
            """
            patient   | doses | ybocs           | ended
            rise 7    | 0     | 0:30 19:12 60:19 | cens
            rise 8    | 0     | 0:30 19:12 60:20 | relapse
            rise 9    | 0     | 0:30 19:12 60:21 | relapse
            """,
            NO_CONFIRMATION,
        )

    def test_the_rise_counts_from_the_best_reading_since_the_deciding_one(self) -> None:
        expect(
            """
            patient                           | doses | ybocs                      | followed | ended
            best 8, rise 7                    | 0     | 0:30 19:12 50:8 60:15      | 41       | cens
            best 8, rise 8                    | 0     | 0:30 19:12 50:8 60:16      | 41       | relapse
            the best is not the last          | 0     | 0:30 19:12 50:8 55:12 60:16 | 41      | relapse
            a best before does not count      | 0     | 0:30 10:2 19:12 60:19      | 41       | cens
            the reading itself is not a best  | 0     | 0:30 19:12 60:13 70:20     | 51       | relapse
            """,
            NO_CONFIRMATION,
        )

    def test_a_reading_in_the_window_after_the_deciding_one_counts(self) -> None:
        expect(
            """
            patient  | doses | gad7             | start | followed | ended
            a        | 0     | 0:16 19:4 30:16  | 19    | 11       | relapse
            before   | 0     | 0:16 10:16 19:4  | 19    | 0        | cens
            """,
            NO_CONFIRMATION,
        )

    def test_confirmation_window(self) -> None:
        expect("""
            patient          | doses | gad7                  | followed | ended
            no second        | 0     | 0:16 19:4 60:11       | 41       | cens
            first day - 1    | 0     | 0:16 19:4 60:11 66:10 | 47       | cens
            first day        | 0     | 0:16 19:4 60:11 67:10 | 41       | relapse
            first day + 1    | 0     | 0:16 19:4 60:11 68:10 | 41       | relapse
            last day - 1     | 0     | 0:16 19:4 60:11 87:10 | 41       | relapse
            last day         | 0     | 0:16 19:4 60:11 88:10 | 41       | relapse
            last day + 1     | 0     | 0:16 19:4 60:11 89:10 | 70       | cens
        """)

    def test_a_confirming_reading_need_only_be_in_the_band(self) -> None:
        expect("""
            patient            | doses | ybocs                    | ended
            in the band        | 0     | 0:30 19:12 60:20 70:13   | relapse
            below it           | 0     | 0:30 19:12 60:20 70:12   | cens
        """)

    def test_any_reading_in_the_window_may_confirm(self) -> None:
        expect("""
            patient                     | doses | gad7                            | followed | ended
            a good one in between       | 0     | 0:16 19:4 60:11 68:3 80:12      | 41       | relapse
            too early, then confirming  | 0     | 0:16 19:4 60:11 63:12 70:10     | 41       | relapse
            the second is confirmed     | 0     | 0:16 19:4 60:11 63:12 90:10     | 44       | relapse
            another patient's is not    | 0     | 0:16 19:4 60:11                 | 41       | cens
        """)

    def test_an_unconfirmed_reading_leaves_the_search_open(self) -> None:
        expect("""
            patient  | doses | gad7                                      | followed | ended
            a        | 0     | 0:16 19:4 60:11 70:4 120:12 130:12        | 101      | relapse
        """)

    def test_a_confirming_reading_is_a_later_one(self) -> None:
        expect(
            """
            patient    | doses | gad7                  | ended
            itself     | 0     | 0:16 19:4 60:11       | cens
            next day   | 0     | 0:16 19:4 60:11 61:10 | relapse
            day 14     | 0     | 0:16 19:4 60:11 74:10 | relapse
            day 15     | 0     | 0:16 19:4 60:11 75:10 | cens
            """,
            "[relapse]\nconfirm_within_days = [0, 14]\n",
        )

    def test_other_instruments_neither_date_nor_confirm(self) -> None:
        expect("""
            patient  | doses | gad7            | hama       | ended
            a        | 0     | 0:16 19:4       | 60:30 70:30 | cens
            b        | 0     | 0:16 19:4 60:11 | 70:30       | cens
        """)


class TestEvents:
    @pytest.mark.parametrize("event", ["relapse", "hospitalisation", "rescue_ketamine", "medication_increase"])
    @pytest.mark.parametrize("protocol", ["", BY_EVENT])
    def test_listed_events_date_a_relapse_under_either_rule(self, event: str, protocol: str) -> None:
        expect(
            f"""
            patient  | doses | gad7      | events     | followed | ended
            s - 1    | 0     | 0:16 19:4 | 18:{event} | 0        | cens
            s        | 0     | 0:16 19:4 | 19:{event} | 0        | cens
            s + 1    | 0     | 0:16 19:4 | 20:{event} | 1        | relapse
            """,
            protocol,
        )

    def test_an_event_that_is_not_listed_is_none(self) -> None:
        expect(
            """
            patient  | doses | gad7           | events                    | followed | ended
            a        | 0     | 0:16 19:4 90:4 | 60:hospitalisation        | 71       | cens
            b        | 0     | 0:16 19:4 90:4 | 60:hospitalisation 70:relapse | 51   | relapse
            """,
            '[relapse]\nevents = ["relapse"]\n',
        )

    def test_the_earlier_of_reading_and_event_wins(self) -> None:
        expect(
            """
            patient        | doses | gad7            | events     | followed | ended
            event first    | 0     | 0:16 19:4 60:16 | 59:relapse | 40       | relapse
            same day       | 0     | 0:16 19:4 60:16 | 60:relapse | 41       | relapse
            reading first  | 0     | 0:16 19:4 60:16 | 61:relapse | 41       | relapse
            """,
            NO_CONFIRMATION,
        )

    def test_readings_date_nothing_under_the_event_rule(self) -> None:
        expect(
            """
            patient  | doses | gad7                        | followed | ended
            a        | 0     | 0:16 19:4 60:16 70:16 90:16 | 71       | cens
            """,
            BY_EVENT,
        )

    @pytest.mark.parametrize("event", ["death", "new_treatment"])
    def test_competing_events(self, event: str) -> None:
        expect(f"""
            patient                   | doses | gad7           | events                | followed | ended
            s                         | 0     | 0:16 19:4      | 19:{event}            | 0        | cens
            s + 1                     | 0     | 0:16 19:4      | 20:{event}            | 1        | comp
            same day, relapse counts  | 0     | 0:16 19:4      | 50:{event} 50:relapse | 31       | relapse
            after the relapse         | 0     | 0:16 19:4      | 51:{event} 50:relapse | 31       | relapse
        """)

    def test_a_new_treatment_does_not_end_the_record(self) -> None:
        expect("""
            patient                   | doses | gad7           | events                       | followed | ended
            s                         | 0     | 0:16 19:4 90:4 | 19:new_treatment             | 71       | cens
            before the relapse        | 0     | 0:16 19:4 90:4 | 49:new_treatment 50:relapse  | 30       | comp
        """)

    def test_a_reading_before_a_competing_event_may_be_confirmed_after_it(self) -> None:
        expect("""
            patient            | doses | gad7                  | events           | followed | ended
            reading first      | 0     | 0:16 19:4 60:11 70:11 | 65:new_treatment | 41       | relapse
            same day           | 0     | 0:16 19:4 60:11 70:11 | 60:new_treatment | 41       | relapse
            treatment first    | 0     | 0:16 19:4 60:11 70:11 | 59:new_treatment | 40       | comp
        """)


class TestWithdrawal:
    def test_nothing_after_it_dates_anything(self) -> None:
        expect("""
            patient                | doses | gad7                  | events                      | followed | ended
            event, day before      | 0     | 0:16 19:4             | 50:withdrawal 49:relapse    | 30       | relapse
            event, same day        | 0     | 0:16 19:4             | 50:withdrawal 50:relapse    | 31       | relapse
            event, day after       | 0     | 0:16 19:4             | 50:withdrawal 51:relapse    | 31       | cens
            competing, same day    | 0     | 0:16 19:4             | 50:withdrawal 50:death      | 31       | comp
            competing, day after   | 0     | 0:16 19:4             | 50:withdrawal 51:death      | 31       | cens
            readings after         | 0     | 0:16 19:4 60:11 70:11 | 59:withdrawal               | 40       | cens
            second, day before     | 0     | 0:16 19:4 60:11 69:11 | 70:withdrawal               | 41       | relapse
            second, same day       | 0     | 0:16 19:4 60:11 70:11 | 70:withdrawal               | 41       | relapse
            second, day after      | 0     | 0:16 19:4 60:11 71:11 | 70:withdrawal               | 51       | cens
        """)

    def test_the_first_one_counts_also_on_the_day_on_which_the_risk_starts(self) -> None:
        expect("""
            patient       | doses | gad7           | events                        | followed | ended
            the first     | 0     | 0:16 19:4 90:4 | 70:withdrawal 60:withdrawal   | 41       | cens
            s             | 0     | 0:16 19:4 90:4 | 19:withdrawal                 | 0        | cens
            s + 1         | 0     | 0:16 19:4 90:4 | 20:withdrawal                 | 1        | cens
        """)

    def test_it_censors_before_later_readings_and_after_earlier_ones(self) -> None:
        expect("""
            patient  | doses | gad7           | events                           | followed
            later    | 0     | 0:16 19:4 90:4 | 60:withdrawal 95:end_of_follow_up | 41
            earlier  | 0     | 0:16 19:4 30:4 | 60:withdrawal                    | 41
        """)


class TestCensoring:
    def test_score_rule_the_later_of_last_reading_and_last_end_of_follow_up(self) -> None:
        expect("""
            patient                  | doses | gad7           | phq9  | events                               | followed
            reading later            | 0     | 0:16 19:4 90:4 |       | 80:end_of_follow_up                  | 71
            end later                | 0     | 0:16 19:4 90:4 |       | 100:end_of_follow_up                 | 81
            the last end             | 0     | 0:16 19:4      |       | 100:end_of_follow_up 60:end_of_follow_up | 81
            another scale is no      | 0     | 0:16 19:4 90:4 | 200:3 |                                      | 71
            nothing after            | 0     | 0:16 19:4      |       |                                      | 0
            the end before the start | 0     | 0:16 19:4      |       | 10:end_of_follow_up                  | 0
        """)

    def test_score_rule_sessions_do_not_count(self) -> None:
        expect("""
            patient  | doses  | gad7           | followed
            a        | 0 200  | 0:16 19:4 90:4 | 71
        """)

    def test_event_rule_the_last_record_of_any_kind(self) -> None:
        expect(
            """
            patient        | doses | gad7           | phq9  | events               | followed
            reading        | 0     | 0:16 19:4 90:4 |       |                      | 71
            another scale  | 0     | 0:16 19:4 90:4 | 100:3 |                      | 81
            session        | 0 110 | 0:16 19:4 90:4 |       |                      | 91
            end            | 0     | 0:16 19:4 90:4 |       | 120:end_of_follow_up | 101
            nothing        | 0     | 0:16 19:4      |       |                      | 0
            """,
            BY_EVENT,
        )

    def test_a_relapse_after_the_end_of_follow_up_is_a_relapse(self) -> None:
        """Only a withdrawal ends the search; an end of follow-up says how far the record is known to reach."""
        expect("""
            patient  | doses | gad7      | events                         | followed | ended
            a        | 0     | 0:16 19:4 | 60:end_of_follow_up 70:relapse | 51       | relapse
        """)

    def test_nobody_followed_for_less_than_a_day_enters_the_relapse_head(self) -> None:
        expect("""
            patient              | doses | gad7           | events        | followed | at_risk
            0 days               | 0     | 0:16 19:4      |               | 0        | no
            1 day                | 0     | 0:16 19:4 20:4 |               | 1        | yes
            2 days               | 0     | 0:16 19:4 21:4 |               | 2        | yes
            not in remission     | 0     | 0:16 19:9 90:9 |               | -        | no
            not observed         | 0     | 0:16 90:4      |               | -        | no
        """)

    def test_nobody_who_is_not_eligible_enters_it(self) -> None:
        expect(
            """
            patient          | doses | gad7           | reason          | remission | followed | at_risk
            decided before L | 0     | 0:16 19:4 90:4 | already_decided | yes       | 71       | no
            decided after L  | 0     | 0:16 21:4 90:4 | -               | yes       | 69       | yes
            """,
            fixed_day(20, "[acute]\nmax_days = 10\n"),
        )


class TestSustainedRemission:
    def test_events_at_the_horizon(self) -> None:
        """The risk starts on day 19: 84 days end on day 103, 182 days on day 201."""
        expect("""
            patient      | doses | gad7      | events                             | sus_84 | sus_182
            84 - 1       | 0     | 0:16 19:4 | 102:relapse                        | no     | no
            84           | 0     | 0:16 19:4 | 103:relapse                        | no     | no
            84 + 1       | 0     | 0:16 19:4 | 104:relapse                        | yes    | no
            182 - 1      | 0     | 0:16 19:4 | 200:relapse                        | yes    | no
            182          | 0     | 0:16 19:4 | 201:relapse                        | yes    | no
            182 + 1      | 0     | 0:16 19:4 | 202:relapse                        | yes    | yes
            competing    | 0     | 0:16 19:4 | 103:death                          | no     | no
            competing +1 | 0     | 0:16 19:4 | 104:new_treatment                  | yes    | no
        """)

    def test_censoring_at_the_horizon(self) -> None:
        expect("""
            patient      | doses | gad7            | events               | sus_84 | sus_182
            84 - 1       | 0     | 0:16 19:4 102:4 |                      | -      | -
            84           | 0     | 0:16 19:4 103:4 |                      | yes    | -
            84 + 1       | 0     | 0:16 19:4 104:4 |                      | yes    | -
            182 - 1      | 0     | 0:16 19:4       | 200:end_of_follow_up | yes    | -
            182          | 0     | 0:16 19:4       | 201:end_of_follow_up | yes    | yes
            withdrawn    | 0     | 0:16 19:4       | 102:withdrawal       | -      | -
            withdrawn 84 | 0     | 0:16 19:4       | 103:withdrawal       | yes    | -
        """)

    def test_it_follows_remission(self) -> None:
        expect("""
            patient               | doses | gad7             | events      | remission | sus_84 | sus_182
            no                    | 0     | 0:16 19:9 300:3  |             | no        | no     | no
            not observed          | 0     | 0:16 300:3       |             | -         | -      | -
            relapse, not observed | 0     | 0:16             | 60:relapse  | -         | -      | -
        """)


class TestRemissionAtLandmark:
    def test_who_had_an_ending_event_on_or_before_the_landmark_is_ineligible(self) -> None:
        for event in EVENTS:
            table = f"""
                patient  | doses | events      | landmark_day | reason       | remission | start
                L        | 0 20  | 20:{event}  | 20           | ended_before | -         | 20
                L + 1    | 0 20  | 21:{event}  | 20           | -            | yes       | 20
            """
            expect(table, fixed_day(20, AT_LANDMARK))
            expect(table, AT_LANDMARK, landmark=1)

    def test_who_has_left_before_a_fixed_day_does_not_reach_it(self) -> None:
        for event in EVENTS:
            left = event in ("death", "withdrawal", "end_of_follow_up")
            reason, day = ("landmark_not_reached", "-") if left else ("ended_before", 20)
            table = f"""
                patient  | doses | events      | landmark_day | reason   | remission | start
                L - 1    | 0     | 19:{event}  | {day}        | {reason} | -         | {day}
            """
            expect(table, fixed_day(20, AT_LANDMARK))

    def test_an_event_that_is_not_listed_does_not_end_it(self) -> None:
        expect(
            """
            patient  | events             | reason
            a        | 20:hospitalisation | -
            b        | 20:relapse         | ended_before
            """,
            fixed_day(20, AT_LANDMARK + '[relapse]\nevents = ["relapse"]\n'),
        )

    def test_the_baseline_does_not_matter(self) -> None:
        expect(
            """
            patient       | doses | gad7 | events              | reason | remission | remission_day | followed
            in remission  | 0     | 0:2  | 50:end_of_follow_up | -      | yes       | -             | 30
            symptomatic   | 0     | 0:16 | 50:end_of_follow_up | -      | yes       | -             | 30
            none          | 0     |      | 50:end_of_follow_up | -      | yes       | -             | 30
            no session    |       | 0:2  | 50:end_of_follow_up | -      | yes       | -             | 30
            """,
            fixed_day(20, AT_LANDMARK),
        )

    def test_the_primary_instrument_is_the_first_one_rated_up_to_the_landmark(self) -> None:
        expect(
            """
            patient                | doses | gad7      | hama       | instrument | baseline | followed | ended
            at baseline            | 0     | 0:2       | 0:9        | gad7       | 2        | 0        | cens
            on L                   | 0     | 20:2 60:9 | 0:9        | gad7       | -        | 40       | cens
            L + 1                  | 0     | 21:2      | 0:9        | hama       | 9        | 0        | cens
            only after day 0       | 0     |           | 5:3 60:30  | hama       | -        | 40       | relapse
            none                   | 0     | 21:2      |            | -          | -        | 0        | cens
            """,
            fixed_day(20, AT_LANDMARK + NO_CONFIRMATION),
        )

    def test_not_reached(self) -> None:
        expect(
            """
            patient  | doses | gad7 | events     | reason               | remission | start | followed | ended | sus_84
            a        | 0     | 0:2  | 50:relapse | landmark_not_reached | -         | -     | -        | -     | -
            """,
            AT_LANDMARK,
            landmark=1,
        )

    def test_the_best_reading_opens_with_the_last_one_up_to_the_landmark(self) -> None:
        """Y-BOCS: relapse at least 13, reliable change 8."""
        expect(
            """
            patient                       | ybocs                | followed | ended
            the last before L: 12         | 0:5 19:12 60:19      | 40       | cens
            the last on L: 11             | 0:5 19:12 20:11 60:19 | 40      | relapse
            one after L is none           | 0:5 21:11 60:13      | 40       | relapse
            the first after L may not     | 0:5 21:13            | 1        | relapse
            rise 7                        | 0:6 21:13            | 1        | cens
            """,
            fixed_day(20, AT_LANDMARK + NO_CONFIRMATION),
        )

    def test_events_date_a_relapse_strictly_after_the_landmark(self) -> None:
        expect(
            """
            patient  | events               | followed | ended   | sus_84
            a        | 21:relapse           | 1        | relapse | no
            b        | 104:relapse          | 84       | relapse | no
            c        | 105:relapse          | 85       | relapse | yes
            d        | 104:end_of_follow_up | 84       | cens    | yes
            e        | 103:end_of_follow_up | 83       | cens    | -
            """,
            fixed_day(20, AT_LANDMARK + BY_EVENT),
        )


def test_outcomes_do_not_depend_on_the_landmark() -> None:
    """The landmark decides who is eligible; unless remission is its state, it decides nothing else."""
    table = """
        patient  | doses   | gad7                  | remission | followed | ended
        a        | 0 7 14  | 0:16 33:4 60:11 70:11 | yes       | 27       | relapse
    """
    for landmark in range(3):
        expect(table, landmark=landmark)


def test_lowest_before_starts_anew_with_each_patient() -> None:
    cohort = cohort_of(
        assessments="""
        patient_id  day  instrument  score
        a           0    gad7        9
        a           5    gad7        3
        a           9    gad7        7
        a           11   gad7        2
        b           0    gad7        8
        b           1    gad7        21
        b           2    gad7        0
    """
    )
    lowest = lowest_before(cohort.assessments)
    np.testing.assert_array_equal(lowest, [np.nan, 9, 3, 3, np.nan, 8, 8])


def test_a_cohort_without_patients_has_no_outcomes() -> None:
    records, _ = courses("patient | doses | gad7")
    outcomes = derive_outcomes(records.cohort(), DEFAULT.landmarks[0])
    assert outcomes.sustained.shape == (0, 2)


class TestRounding:
    """Scores with decimals: equal within 1e-9 counts as reached, at every cut-off."""

    def test_a_reliable_drop(self) -> None:
        """HAM-A: remission at most 7, reliable change 4; 8.2 - 4.2 is 3.9999999999999996."""
        expect("""
            patient  | doses | hama           | remission
            a        | 0     | 0:10.1 19:6.1  | yes
            b        | 0     | 0:8.2 19:4.2   | yes
            c        | 0     | 0:8.2 19:4.3   | no
        """)

    def test_the_remission_band_and_the_relapse_band(self) -> None:
        expect(
            """
            patient    | doses | gad7                       | remission | ended
            band       | 0     | 0:16 19:4.0000000001       | yes       | cens
            above      | 0     | 0:16 19:4.1                | no        | -
            relapse    | 0     | 0:16 19:3 60:9.9999999999  | yes       | relapse
            no relapse | 0     | 0:16 19:3 60:9.9           | yes       | cens
            """,
            NO_CONFIRMATION,
        )

    def test_a_reliable_rise_and_its_confirmation(self) -> None:
        """Y-BOCS: relapse at least 13, reliable change 8; 13.3 - 5.3 is 8.000000000000002, 16.1 - 8.1 is 8.0."""
        expect("""
            patient      | doses | ybocs                                | ended
            rise         | 0     | 0:30 19:8.2 60:16.2 70:13            | relapse
            in the band  | 0     | 0:30 19:4.4 60:13 70:12.9999999999   | relapse
            not enough   | 0     | 0:30 19:8.2 60:16.1 70:13            | cens
        """)
