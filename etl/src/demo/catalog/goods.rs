//! What the simulated company sells: groups, their categories and the product lines in them.

/// A category with what its products have in common.
#[derive(Debug)]
pub(crate) struct Category {
    /// Name of the group that it belongs to.
    pub(crate) group: &'static str,
    /// Name.
    pub(crate) name: &'static str,
    /// Stem of the products' names.
    pub(crate) stem: &'static str,
    /// Prefix of the products' part numbers.
    pub(crate) prefix: &'static str,
    /// Price of the cheapest product, in US cents.
    pub(crate) base_cents: i64,
    /// Most pieces in one line of a small customer's order.
    pub(crate) most: i32,
    /// Whether it is sold by the hour or day, in halves.
    pub(crate) is_service: bool,
}

/// Products in each category.
pub(crate) const PRODUCTS_PER_CATEGORY: usize = 8;

/// Groups in the order of their first category.
pub(crate) const GROUPS: [&str; 6] = [
    "Machines",
    "Components",
    "Spare Parts",
    "Consumables",
    "Software",
    "Services",
];

/// Every category.
pub(crate) static CATEGORIES: [Category; 24] = [
    goods(
        "Machines",
        "Laser Cutters",
        "Laser Cutter 激光切割机",
        "LC",
        480_000,
        1,
    ),
    goods(
        "Machines",
        "Milling Machines",
        "Milling Machine 铣床",
        "MM",
        390_000,
        1,
    ),
    goods(
        "Machines",
        "Compressors",
        "Compressor 压缩机",
        "CP",
        145_000,
        2,
    ),
    goods(
        "Machines",
        "Packaging Machines",
        "Packaging Machine 包装机",
        "PM",
        260_000,
        1,
    ),
    goods(
        "Components",
        "Motors",
        "Servo Motor 伺服电机",
        "SM",
        21_000,
        6,
    ),
    goods(
        "Components",
        "Drives",
        "Frequency Drive 变频器",
        "FD",
        26_500,
        5,
    ),
    goods("Components", "Sensors", "Sensor 传感器", "SE", 4_900, 15),
    goods(
        "Components",
        "Controllers",
        "Controller 控制器",
        "CT",
        31_000,
        4,
    ),
    goods("Spare Parts", "Bearings", "Bearing 轴承", "BR", 1_250, 30),
    goods("Spare Parts", "Seals", "Seal Kit 密封件", "SK", 890, 30),
    goods("Spare Parts", "Belts", "Drive Belt 传动带", "DB", 1_590, 20),
    goods("Spare Parts", "Filters", "Filter 滤芯", "FL", 1_120, 24),
    goods(
        "Consumables",
        "Lubricants",
        "Lubricant 润滑油",
        "LU",
        2_350,
        20,
    ),
    goods(
        "Consumables",
        "Cutting Tools",
        "Cutting Tool 刀具",
        "CU",
        3_400,
        25,
    ),
    goods(
        "Consumables",
        "Welding Wire",
        "Welding Wire 焊丝",
        "WW",
        2_780,
        20,
    ),
    goods(
        "Consumables",
        "Protective Gear",
        "Protective Gear 防护用品",
        "PG",
        990,
        40,
    ),
    goods(
        "Software",
        "Monitoring",
        "Monitoring Licence",
        "MO",
        49_000,
        3,
    ),
    goods("Software", "Planning", "Planning Licence", "PL", 62_000, 3),
    goods(
        "Software",
        "Simulation",
        "Simulation Licence",
        "SI",
        88_000,
        2,
    ),
    goods("Software", "Quality", "Quality Licence", "QA", 54_000, 3),
    service("Maintenance", "Maintenance Contract", "MC", 9_500, 8),
    service("Installation", "Installation", "IN", 11_000, 8),
    service("Calibration", "Calibration", "CA", 8_200, 4),
    service("Training", "Training Day 培训", "TR", 12_500, 4),
];

const fn goods(
    group: &'static str,
    name: &'static str,
    stem: &'static str,
    prefix: &'static str,
    base_cents: i64,
    most: i32,
) -> Category {
    Category {
        group,
        name,
        stem,
        prefix,
        base_cents,
        most,
        is_service: false,
    }
}

const fn service(
    name: &'static str,
    stem: &'static str,
    prefix: &'static str,
    base_cents: i64,
    most: i32,
) -> Category {
    Category {
        is_service: true,
        ..goods("Services", name, stem, prefix, base_cents, most)
    }
}
