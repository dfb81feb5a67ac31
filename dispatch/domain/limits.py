"""Every bound there is, in one place: queues, pages, texts, waves, retries, leases, tokens.

Pure data. A bound that is not here does not exist; each has a test at the limit and one past it. How a token, an id
or a code is written is a format and stands where it is read; so does what geo/, which knows nothing of us, refuses.
docs/reference/limits.md is generated from this file: the comment behind a name is its sentence.
"""

from datetime import timedelta
from typing import Final

# -- what a person may send -------------------------------------------------------------------
BODY_BYTES: Final = 64 * 1024  # one HTTP body
BODY_DEPTH: Final = 8  # nesting of a JSON body or frame
NOTE_CHARS: Final = 1_000  # a note
NAME_CHARS: Final = 80  # a name
PLACE_CHARS: Final = 500  # a place in words
PHONE_CHARS: Final = 32  # a phone number as typed
PHONE_DIGITS: Final = 3  # … and the fewest digits one can dial
REASON_CHARS: Final = 280  # a reason or a report
NEEDS_MAX: Final = 8  # special needs of one request
KEY_MIN: Final = 8  # characters of an Idempotency-Key
KEY_MAX: Final = 64
HEADER_BYTES: Final = 16 * 1024  # all headers of one call
ID_CHARS: Final = 64  # an id, or a token, as somebody sends it
FORM_FIELDS: Final = 60  # fields of one form
FORM_NOTE_CHARS: Final = 280  # a note, or a destination, typed on a page: a text on a phone
REACH_COMMUNITIES: Final = 50  # communities one ask names
PUSH_KEY_CHARS: Final = 128  # each of the two keys of a device
ANONYMOUS_KEY_MIN: Final = 22  # a guest's key this long is nobody else's guess
ACCURACY_MAX_M: Final = 100_000  # a fix worse than this says nothing
CLAIM_SEATS_MAX: Final = 60  # seats one volunteer may offer
PERSON_SEATS_MAX: Final = 60  # seats in one person's car
ETA_MAX_MINUTES: Final = 24 * 60  # a stated arrival
REACH_MAX_MINUTES: Final = 240  # how far a volunteer may say they drive
WEEK: Final = timedelta(days=7)  # over which a person's alerts, and the calls they passed on, are counted
ALERTS_PER_WEEK: Final = 4  # alerts a person gets in a week unless they chose otherwise
ALERTS_PER_WEEK_MAX: Final = 100

# -- what the matcher may do ------------------------------------------------------------------
WAVE_CHUNK: Final = 500  # alerts written in one transaction
FIRST_CHUNK: Final = 25  # … and in a wave's first one, so that the nearest hear at once
TRAVEL_MAX_MINUTES: Final = 240  # nobody further away is asked
RADIUS_KM: Final = (25, 50, 100, 150, 250, 350)  # how the search widens
CORRIDOR_KM: Final = 25  # this near a freeway line counts as on it
SEATS_UNKNOWN: Final = 3  # seats of a person who never said how many
REQUEST_ALERTS_MAX: Final = 10_000  # alerts one request may ever send
GUEST_ALERTS_MAX: Final = 10  # strangers one call of a guest, or of a member by invite, may reach
GUEST_ALERTS_HOUR: Final = 30  # people all calls of one guest may reach in an hour
GUESTS_NEARBY_HOUR: Final = 150  # … and all guests' calls from one neighbourhood of addresses (/24, /56)
PROVEN_ALERTS_MAX: Final = 150  # people a guest's call may reach once their phone is proved
PROVEN_ALERTS_HOUR: Final = 50  # … and all calls of one number in an hour
LOOKED_AT_ALERTS_MAX: Final = 150  # people a guest's call may reach once a coordinator has looked
LOOKED_AT_ALERTS_HOUR: Final = 50  # … and in an hour
INVITED_ALERTS_HOUR: Final = 300  # people all calls of a member by invite may reach in an hour
SOON_ALERTS_MAX: Final = 5_000  # people all calls of anybody may reach within SOON
HABITS_ALERTS: Final = 20_000  # newest alerts, of calls that are over, that tell what people here are like …
HABITS_CALLS: Final = 2_000  # … and newest calls
ROUND_ASKS: Final = 50  # asks that are looked at together where they compete for the same drivers
MARK_DIVIDES: Final = 10  # somebody's calls reach so many times fewer for each mark against them
DECLINE_AT_ONCE: Final = 25  # while no more were asked, a decline is answered by a look at once
CODE_TRIES: Final = 5  # guesses at a meet code, or at a phone's
CHECKS: Final = 2  # times the owner is asked before a coordinator is told
UNFOUNDED_MAX: Final = 3  # reports that nothing was behind, until no more are taken
QUEUE_SHOWN: Final = 100  # rows of a coordinator's queue
TRIP_LINKS: Final = 5  # links that show one person's trip at a time
STANDBY_MAX: Final = 3  # claims waiting behind a full request
DRILL_ALERTS_MAX: Final = 40  # people one drill asks
RELAY_DEPTH: Final = 3  # hands a call is passed through
RELAY_OPENS: Final = 10  # browsers that one passed link opens the call in
RELAYS_A_PERSON: Final = 3  # links by which one person passes one call on
RELAYS_A_WEEK: Final = 12  # … and all calls of a week
RELAYS_A_CALL: Final = 60  # links by which one call is passed on

# -- time -------------------------------------------------------------------------------------
LEASE_COMMITTED: Final = timedelta(minutes=12)  # until a sign of life, after a yes
LEASE_EN_ROUTE: Final = timedelta(minutes=20)  # at least this long without one on the road
LEASE_EN_ROUTE_GRACE: Final = timedelta(minutes=15)  # past the stated arrival
LEASE_ON_SCENE: Final = timedelta(minutes=30)  # at the place, until they have met
LEASE_MOVES_BY: Final = timedelta(seconds=60)  # a renewal smaller than this is not written
EXTENSIONS_MAX: Final = 2  # times a committed claim may be extended
MET_UNTIL_DONE: Final = timedelta(hours=6)  # a met claim is done by itself
EXPIRY_GRACE: Final = timedelta(hours=1)  # an ask with somebody on the way is looked at again
SEEN_EVERY: Final = timedelta(seconds=2)  # alert_seen events of one request
IDEM_KEPT: Final = timedelta(hours=24)  # stored answers
POSITION_EVERY: Final = timedelta(seconds=5)  # a phone's position
POSITION_TTL: Final = timedelta(minutes=15)
PRESENT_EVERY: Final = timedelta(seconds=15)  # a worker says whose inbox is open there, changed or not
PRESENT_TTL: Final = timedelta(seconds=45)  # … and is believed for so long
OWNER_LINK_KEPT: Final = timedelta(hours=24)  # after the close
SESSION_KEPT: Final = timedelta(days=30)
TRIP_KEPT: Final = timedelta(hours=24)  # a link that shows a trip, at the longest
TRIP_SHOWN: Final = timedelta(hours=2)  # … and after the trip has ended
INVITE_KEPT: Final = timedelta(days=14)
DRILL_LASTS: Final = timedelta(hours=1)  # a drill ends by itself
DRILL_EVERY: Final = timedelta(days=91)  # nobody is asked in two drills within …
DRILL_AGAIN: Final = timedelta(days=7)  # … and nobody runs two within
RELAY_KEPT: Final = timedelta(hours=6)  # a passed link, and never longer than the one it came by
JUST_OVER: Final = timedelta(minutes=30)  # a volunteer reads what has just become of a promise
THANKED: Final = timedelta(hours=24)  # whoever passed a call on reads what became of it
EXACT_KEPT_MIN: Final = timedelta(hours=1)  # … and at least this long
EXACT_KEPT: Final = timedelta(hours=72)  # exact place, phone and words after the close
KEYS_EVERY: Final = timedelta(days=1)  # day keys are renewed, old ones destroyed
EVENTS_KEPT: Final = timedelta(days=396)  # what happened to an ask, in order; its counts stay
INBOX_KEPT: Final = timedelta(days=30)  # what a person was told, in order, and what the house told itself
AUDIT_KEPT: Final = timedelta(days=731)  # rows of the audit; the chain goes on from the last one that went
TRIM_EVERY: Final = timedelta(days=1)  # what is older than that is deleted
AUDIT_EVERY: Final = timedelta(seconds=60)  # new rows of the audit are chained
CODE_LOCKED: Final = timedelta(minutes=15)  # no guess at a meet code counts, after five wrong ones
CHECK_AFTER: Final = timedelta(minutes=20)  # after a meeting the owner is asked whether they are safe
CHECK_LATE: Final = timedelta(minutes=30)  # … and this long after a stated arrival
CHECK_AGAIN: Final = timedelta(minutes=15)  # … and once more
HELD: Final = timedelta(hours=24)  # whoever is reported is held, until a coordinator decides
HELD_UPHELD: Final = timedelta(days=3_650)  # … and for good, once a report is upheld
BARRED: Final = timedelta(days=30)  # no more reports, after too many that nothing was behind
MARK_HALVES: Final = timedelta(days=30)  # a mark against somebody counts half after this long
MARKS_KEPT: Final = timedelta(days=180)  # … and not at all after this
GLASS: Final = timedelta(minutes=15)  # a coordinator sees an exact place
SOON: Final = timedelta(minutes=10)  # the span of SOON_ALERTS_MAX
HABITS_EVERY: Final = timedelta(minutes=10)  # what people here are like is worked out anew
STALLED: Final = timedelta(minutes=30)  # somebody promised and nothing has moved: a coordinator looks
TWIN_WITHIN: Final = timedelta(hours=2)  # asks this close in time, place or contact may be one
UNOWNED: Final = timedelta(minutes=10)  # nobody comes: a coordinator looks
SIMILAR_WITHIN: Final = timedelta(minutes=30)

# -- reading ----------------------------------------------------------------------------------
PAGE: Final = 500  # events in one page, rows of one read
RESUME_MAX: Final = 500  # missed events that are replayed; more is a snapshot
LONG_POLL_S: Final = 25  # longest wait of a long poll
INBOX_ALERTS: Final = 100  # newest alerts an inbox shows
REPORT_PAGES: Final = 20  # pages of events a report reads; longer calls are told by their first ones and their end
USUAL_WITHIN: Final = timedelta(days=90)  # calls that tell a report what is usual …
USUAL_AMONG: Final = 200  # … the newest of them all …
USUAL_OF: Final = 40  # … and of that kind
USUAL_LEAST: Final = 10  # below so many nothing is called usual: it would be told of somebody
EXPORT_ROWS: Final = 1_000  # newest requests, claims and alerts of an export
CALLERS_KNOWN: Final = 50_000  # buckets one worker counts in; beyond it the one unseen the longest begins anew
CELLS_KNOWN: Final = 2_000  # cells remembered of one viewer
VIEWERS_KNOWN: Final = 5_000  # … and of so many viewers
CELLS_WAITING: Final = 1_000  # what waits to be told of them; beyond it a worker gives its share, as if nobody heard
BOARD_REQUESTS: Final = 500  # requests one board shows
ENDED_AMONG: Final = 2_000  # newest requests in which those that ended lately are looked for
NOTES_SHOWN: Final = 50
READ_S: Final = 2  # one statement of a reader, on PostgreSQL

# -- the live stream --------------------------------------------------------------------------
FRAME_BYTES: Final = 16 * 1024  # one frame from a client
FRAMES_PER_S: Final = 20  # frames from a client, sustained
FRAMES_BURST: Final = 40
SUBS: Final = 32  # subscriptions of one connection
SUB_ID_MAX: Final = 2**31 - 1
CATCH_UP_BUFFER: Final = 256  # events kept for a subscriber that is still reading
CATCH_UP_PIECE_BYTES: Final = 32 * 1024  # of a missed tail written before waiting for the reader
HEARTBEAT_S: Final = 20
PONG_S: Final = 10
HELLO_S: Final = 10
MAX_AGE_S: Final = 3_600  # a connection renews itself
WRITE_BUFFER_BYTES: Final = 128 * 1024  # waiting for one reader; more and it is cut
TICK_BUFFER_BYTES: Final = 16 * 1024  # a map tick skips a socket with more than this waiting
BREATH_S: Final = 0.02  # a hub that was telling that long lets as much time pass, at most this, before it tells more
SUBSCRIBE_READS: Final = 2  # reads for those who come in, at once in one worker: two of its four readers are others'
HANDSHAKES_PER_S: Final = 200
HANDSHAKES_BURST: Final = 400
SEND_BUFFER_BYTES: Final = 64 * 1024  # the kernel's share for one connection
STREAM_PING_S: Final = 15  # between two pings of an event stream
SOCKETS: Final = 20_000  # connections of one worker
SOCKETS_A_SESSION: Final = 5  # of those, of one session: phone, laptop, wall
SOCKETS_A_PREFIX: Final = 20  # of one neighbourhood of addresses (/24, /56) without a session
PAGES_WAITING: Final = 10  # pages of one session, or of strangers of one neighbourhood, that wait for news at once
PAGES_AGAIN_S: Final = 5  # … and another one asks again after so long
PAGE_STREAM_S: Final = 1_800  # a page's stream renews itself
PAGE_HEADS: Final = 5_000  # asks and people whose newest offset one worker remembers for a second
PAGE_PICTURES: Final = 500  # pictures one worker keeps that many see alike

# -- writing ----------------------------------------------------------------------------------
BATCH_JOBS: Final = 64  # jobs one commit may carry
BATCH_S: Final = 0.020  # work gathered before a commit
QUEUE_JOBS: Final = 1_000  # waiting writes; more is `busy`
QUEUE_S: Final = 2.0  # oldest waiting write; older is `busy`
REDO: Final = 3  # tries after a lost connection or a deadlock
POLL_FLOOR_S: Final = 1.0  # every worker reads the journal at least this often
OUTBOX_TRIES: Final = 10
REWRAP_CHUNK: Final = 500  # keys wrapped anew in one transaction
TRIM_CHUNK: Final = 500  # rows deleted in one transaction
AUDIT_CHUNK: Final = 500  # rows of the audit chained in one transaction

# -- telling phones that sleep ----------------------------------------------------------------
PUSH_DEVICES: Final = 5  # phones and browsers of one person that are told; a sixth takes the place of the oldest
PUSH_ENDPOINT_CHARS: Final = 1_000  # a push service's address for one device
PUSH_BYTES: Final = 3_000  # one message before it is encrypted
PUSH_ALERT_LIFE: Final = timedelta(minutes=10)  # an alert that no phone took until then is not delivered
PUSH_LIFE: Final = timedelta(hours=1)  # … any other message
PUSH_NOBODY_AFTER: Final = timedelta(minutes=15)  # without a yes the asker is told what else to try
OUTBOX_KEPT: Final = timedelta(days=7)  # a message that was sent is remembered, so that it is not sent again
PUSH_BATCH: Final = 256  # messages a worker takes at once
PUSH_AT_ONCE: Final = 32  # messages on their way at the same time
PUSH_TIMEOUT_S: Final = 5.0  # for one message, its address looked up included
PUSH_LEASE: Final = timedelta(seconds=60)  # a worker that took messages and is gone: others may take them
PUSH_BACK_OFF_MAX: Final = timedelta(minutes=2)  # longest pause before a message is tried again
PUSH_REFUSED_PEOPLE: Final = 3  # as many people's devices refused, and none accepted: our key is wrong there
PUSH_REFUSED_PAUSE: Final = timedelta(minutes=2)  # … and that service is left alone this long
SPANS_WAITING: Final = 2_000  # of traces, until a collector takes them; older ones are dropped
PUSH_HOSTS_MAX: Final = 32  # push services one worker keeps connections to

# -- text messages ----------------------------------------------------------------------------
PHONE_CODE_DIGITS: Final = 6  # of a code that proves a phone
PHONE_CODE_LIFE: Final = timedelta(minutes=10)  # … and as long it can be typed
PHONE_CODE_AGAIN: Final = timedelta(seconds=60)  # until the same number may have another
PHONE_CODES_HOUR: Final = 3  # codes for one number in an hour
PHONE_CODES_DAY: Final = 5  # … and in a day
PHONE_CODES_KEPT: Final = timedelta(days=1)  # that one was asked for is remembered, for these bounds
TEXTS_COUNTRY_DAY: Final = 200  # texts to one listed prefix in a day
TEXTS_JUDGED: Final = 50  # of the last so many of a day …
TEXTS_TYPED_PART: Final = 0.2  # … this part must have been typed in, or no more go there
TEXTS_SETTLE: Final = timedelta(minutes=2)  # a code that is younger and not typed is not judged yet
TEXT_TIMEOUT_S: Final = 10.0  # for one text, until the gateway has answered

# -- files ------------------------------------------------------------------------------------
CSV_LINE_CHARS: Final = 10_000
CSV_ERRORS_SHOWN: Final = 10
