// The last of the prelude: closes the room and hands out the one way in.
remove();
freezeEverything();
const orders = { prepare, run, harvest };
return (order, ...details) => orders[order](...details);
