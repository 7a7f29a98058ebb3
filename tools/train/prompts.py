"""The prompts of previews and of the contact sheet."""

PREVIEW = [
    "a red boat on the sea at sunset, mountains behind",
    "a yellow house on a green meadow by day, clouds",
    "a purple castle in the snow at night with stars",
    "a blue lighthouse on an island at sunset, the sun",
    "a white windmill in the desert by day, hills behind",
    "an orange tent in the snow at night, a full moon",
    "a green tree on the left in a meadow at sunset",
    "a red mushroom on the right in the grass by day, a rainbow",
    "a purple lighthouse by the sea at night",
    "an orange castle in a green field by day",
    "a blue mushroom in the desert at sunset",
    "a white boat on a lake by day, a hot-air balloon",
]

SHEET = [
    "a red boat on the sea at sunset, mountains behind",
    "a yellow house on a green meadow by day, clouds in the sky",
    "a purple castle in the snow at night, stars",
    "a blue lighthouse on an island at sunset, the sun",
    "a white windmill in the desert by day, hills behind",
    "an orange tent in the snow at night, a full moon",
    "a green tree on the left in a meadow at sunset",
    "a red mushroom on the right on the grass by day, a rainbow",
    "a white boat on a lake by day, a hot-air balloon",
    "a blue house in the desert at night, stars in the sky",
    "an orange tree in the snow by day",
    "a green castle on an island in the sea at sunset",
    "a purple windmill in the middle of a meadow at night, a full moon",
    "a red lighthouse in the snow on the left at sunset",
    "a blue boat on the water at night, mountains behind, stars",
    "a yellow tent in the sand dunes by day, a hot-air balloon",
    "a house",
    "sunset, mountains, sea",
    "night, snowy field, stars",
    # object and colour never seen together in training
    "a purple lighthouse by the sea at night",
    "an orange castle in a green field by day",
    "a blue mushroom in the desert at sunset",
    "a green tent in the snow by day, mountains behind",
    "a yellow boat on the sea at sunset, clouds",
]
