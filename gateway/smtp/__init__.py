"""The only room that talks SMTP.

wire         bytes that arrived and are not read yet: lines, and the message after DATA
commands     a command line → verb, path, parameters
listener     the dialogue with a client
transaction  the story of one message between the two dialogues
nexthop      the dialogue with the next hop
trace        the Received: field and the loop field we add
acceptor     accepts connections fairly among workers
outbox       the embedded next hop: a Maildir
"""
