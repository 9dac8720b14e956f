import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { subscribe } from "./apollo.mjs";
import { client } from "./sockets.mjs";

subscribe(new GraphQLWsLink(client));
