"""What nights have taught helps the nights that follow, and a matcher without it plays as it always did."""

from dispatch.domain.habits import TEXTBOOK
from dispatch.stories.trial.play import Play
from dispatch.stories.trial.settings import TRIALS
from dispatch.stories.trial.taught import Night, played, taught
from dispatch.stories.trial.worlds import calls_of

CITY, RURAL = TRIALS["city"], TRIALS["rural"]


def test_a_night_by_the_textbook_is_the_night_it_always_was() -> None:
    for _, call in calls_of(CITY, 3):
        one, two = Play(call, "paced").play(), Night(call, "paced", habits=TEXTBOOK).play()
        assert one.asked.tolist() == two.asked.tolist()
        assert (one.waves, one.forecasts, one.secured) == (two.waves, two.forecasts, two.secured)


def test_where_people_are_far_more_willing_it_is_learned_and_fewer_are_asked() -> None:
    known = taught(RURAL, range(0, 200, 10), willingness=3.0)
    assert known.willing > 2.0
    by_the_book, by_what_was_learned = (
        sum(outcome.alerts for outcome in played(RURAL, range(200, 230, 10), habits=habits, willingness=3.0)[0])
        for habits in (TEXTBOOK, known)
    )
    assert by_what_was_learned < by_the_book
