"""Units of measure, by the names that Kusto's convert functions take."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from tiercel.plan.routines.routine import Routine
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ROUTINES", "UNITS"]

_ANGLE: Final = {
    "Degree": 1.0,
    "Arcminute": 1 / 60,
    "Arcsecond": 1 / 3600,
    "Centiradian": 180 / math.pi / 100,
    "Deciradian": 180 / math.pi / 10,
    "Gradian": 0.9,
    "Microdegree": 1e-6,
    "Microradian": 180 / math.pi * 1e-6,
    "Millidegree": 1e-3,
    "Milliradian": 180 / math.pi * 1e-3,
    "Nanodegree": 1e-9,
    "Nanoradian": 180 / math.pi * 1e-9,
    "Radian": 180 / math.pi,
    "Revolution": 360.0,
}

_ENERGY: Final = {
    "Joule": 1.0,
    "Attojoule": 1e-18,
    "BritishThermalUnit": 1055.05585262,
    "Calorie": 4.184,
    "DecathermEc": 1055.05585262 * 1e6,
    "DecathermUs": 1.054804e9,
    "ElectronVolt": 1.602176565e-19,
    "Erg": 1e-7,
    "FootPound": 1.355817948,
    "Gigajoule": 1e9,
    "GigawattHour": 3.6e12,
    "HorsepowerHour": 2.6845195377e6,
    "Kilocalorie": 4184.0,
    "Kilojoule": 1e3,
    "KilowattHour": 3.6e6,
    "Megacalorie": 4.184e6,
    "Megajoule": 1e6,
    "MegawattHour": 3.6e9,
    "Millijoule": 1e-3,
    "TerawattHour": 3.6e15,
    "ThermEc": 1055.05585262 * 1e5,
    "ThermImperial": 1.05505585257348e8,
    "ThermUs": 1.054804e8,
    "WattDay": 86400.0,
    "WattHour": 3600.0,
}

_FORCE: Final = {
    "Newton": 1.0,
    "Decanewton": 10.0,
    "Dyn": 1e-5,
    "KilogramForce": 9.80665,
    "Kilonewton": 1e3,
    "KiloPond": 9.80665,
    "Meganewton": 1e6,
    "Micronewton": 1e-6,
    "Millinewton": 1e-3,
    "OunceForce": 0.27801385095378125,
    "Poundal": 0.138254954376,
    "PoundForce": 4.4482216152605,
    "TonneForce": 9806.65,
}

_LENGTH: Final = {
    "Meter": 1.0,
    "Angstrom": 1e-10,
    "AstronomicalUnit": 1.4959787070e11,
    "Centimeter": 1e-2,
    "Chain": 20.1168,
    "Decimeter": 1e-1,
    "Fathom": 1.8288,
    "Foot": 0.3048,
    "Hand": 0.1016,
    "Hectometer": 100.0,
    "Inch": 0.0254,
    "Kilometer": 1e3,
    "LightYear": 9.46073047258e15,
    "Microinch": 2.54e-8,
    "Micrometer": 1e-6,
    "Mil": 2.54e-5,
    "Mile": 1609.344,
    "Millimeter": 1e-3,
    "Nanometer": 1e-9,
    "NauticalMile": 1852.0,
    "Parsec": 3.08567758128e16,
    "UsSurveyFoot": 1200 / 3937,
    "Yard": 0.9144,
}

_MASS: Final = {
    "Kilogram": 1.0,
    "Centigram": 1e-5,
    "Decagram": 1e-2,
    "Decigram": 1e-4,
    "Grain": 6.479891e-5,
    "Gram": 1e-3,
    "Hectogram": 0.1,
    "Kilopound": 453.59237,
    "Kilotonne": 1e6,
    "LongHundredweight": 50.80234544,
    "LongTon": 1016.0469088,
    "Megapound": 453592.37,
    "Megatonne": 1e9,
    "Microgram": 1e-9,
    "Milligram": 1e-6,
    "Nanogram": 1e-12,
    "Ounce": 0.028349523125,
    "Pound": 0.45359237,
    "ShortHundredweight": 45.359237,
    "ShortTon": 907.18474,
    "Slug": 14.5939029372064,
    "Stone": 6.35029318,
    "Tonne": 1e3,
}

_SPEED: Final = {
    "MeterPerSecond": 1.0,
    "CentimeterPerHour": 1e-2 / 3600,
    "CentimeterPerMinute": 1e-2 / 60,
    "CentimeterPerSecond": 1e-2,
    "FootPerHour": 0.3048 / 3600,
    "FootPerMinute": 0.3048 / 60,
    "FootPerSecond": 0.3048,
    "InchPerHour": 0.0254 / 3600,
    "InchPerMinute": 0.0254 / 60,
    "InchPerSecond": 0.0254,
    "KilometerPerHour": 1e3 / 3600,
    "KilometerPerMinute": 1e3 / 60,
    "KilometerPerSecond": 1e3,
    "Knot": 1852 / 3600,
    "MeterPerHour": 1 / 3600,
    "MeterPerMinute": 1 / 60,
    "MilePerHour": 0.44704,
    "MillimeterPerSecond": 1e-3,
    "YardPerSecond": 0.9144,
}

_VOLUME: Final = {
    "CubicMeter": 1.0,
    "AcreFoot": 1 / 0.000810714,
    "Centiliter": 1e-5,
    "CubicCentimeter": 1e-6,
    "CubicDecimeter": 1e-3,
    "CubicFoot": 0.028316846592,
    "CubicInch": 1.6387064e-5,
    "CubicKilometer": 1e9,
    "CubicMile": 4168181825.440579584,
    "CubicMillimeter": 1e-9,
    "CubicYard": 0.764554857984,
    "Deciliter": 1e-4,
    "Hectoliter": 0.1,
    "ImperialGallon": 0.00454609,
    "ImperialPint": 0.00056826125,
    "Kiloliter": 1.0,
    "Liter": 1e-3,
    "Megaliter": 1e3,
    "Microliter": 1e-9,
    "Milliliter": 1e-6,
    "OilBarrel": 0.158987294928,
    "UsGallon": 0.003785411784,
    "UsOunce": 2.95735295625e-5,
    "UsPint": 0.000473176473,
    "UsQuart": 0.000946352946,
}

_TEMPERATURE: Final = {
    "Kelvin": (1.0, 0.0),
    "DegreeCelsius": (1.0, 273.15),
    "DegreeDelisle": (-2 / 3, 373.15),
    "DegreeFahrenheit": (5 / 9, 459.67 * 5 / 9),
    "DegreeNewton": (100 / 33, 273.15),
    "DegreeRankine": (5 / 9, 0.0),
    "DegreeReaumur": (5 / 4, 273.15),
    "DegreeRoemer": (40 / 21, 273.15 - 7.5 * 40 / 21),
}

UNITS: Final[dict[str, Mapping[str, object]]] = {
    "convert_angle": _ANGLE,
    "convert_energy": _ENERGY,
    "convert_force": _FORCE,
    "convert_length": _LENGTH,
    "convert_mass": _MASS,
    "convert_speed": _SPEED,
    "convert_temperature": _TEMPERATURE,
    "convert_volume": _VOLUME,
}
"""The units that each function knows."""


def _by_factor(factors: Mapping[str, float]) -> Callable[[float | None, str | None, str | None], float | None]:
    def run(value: float | None, source: str | None, target: str | None) -> float | None:
        if value is None or source is None or target is None or source not in factors or target not in factors:
            return None
        return value * factors[source] / factors[target]

    return run


def _temperature(value: float | None, source: str | None, target: str | None) -> float | None:
    if value is None or source is None or target is None or not {source, target} <= _TEMPERATURE.keys():
        return None
    scale, offset = _TEMPERATURE[source]
    kelvin = value * scale + offset
    scale, offset = _TEMPERATURE[target]
    return (kelvin - offset) / scale


def _routine(name: str) -> Routine:
    units = UNITS[name]
    call = (
        _temperature
        if name == "convert_temperature"
        else _by_factor({u: f for u, f in units.items() if isinstance(f, float)})
    )
    first, second = list(units)[:2]
    call.__doc__ = f"""A measure in another unit; null for an unknown unit.

    The units are {", ".join(units)}.

    Example: `{name}(1.2, "{first}", "{second}")`.
    """
    return Routine(name, call, (KustoType.REAL, KustoType.STRING, KustoType.STRING), KustoType.REAL)


ROUTINES: Final = tuple(_routine(name) for name in UNITS)
