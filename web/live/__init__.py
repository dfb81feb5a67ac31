"""The live stream: who hears what, in order, once; over websocket, server-sent events or long poll.

The way an event goes: the journal's tail is read by one task (hub.py), packed once per role (frames.py),
and told to every subscription (telling.py, subscription.py) whose sink writes it: a websocket (connection.py,
sockets.py), an event stream or a waiting long poll (streams.py).

    conversation   pure: frames in, effects out, for one websocket
    frames         bytes: each event is encoded once per role and spliced per subscription
    reading        what is asked of the store: one transaction per picture, one per page of the journal
    subscription   one subscriber of one topic: catching up, live, gone
    together       reads of those who come in: few at a time, each for everybody who waits by then
    telling        a page of the journal to all who listen, the same bytes to all who are told alike
    hub            topics, the one deliverer, roles looked at again when an event may have changed them
    maps           keyed state of asks by cell, told at most once a second
    positions      where people on the way are: latest wins
    connection     one websocket: conversation + subscriptions + wire
    sockets        the only file that holds a socket; forwarded: the wire of a server that is not ours
    streams        long poll and server-sent events

Invariant: a subscriber applies every event of a topic once and in order, or is told `snapshot`
(tests/live). The reasons and the figures: docs/live-stream.md.
"""
